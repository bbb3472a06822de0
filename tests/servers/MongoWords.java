import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * Says what MongoDB 7 knows, and the bare server does not, in words that it does know: only as much of it as
 * MongoDB's own backend for Django needs. What cannot be said is refused, by the server or here.
 */
class MongoWords {
  /** Changes a command on its way. */
  static void translate(String command, Document document) throws MongoServerError {
    if (document.containsKey("pipeline")) document.put("pipeline", plain(document.get("pipeline")));
    if (command.equals("update")) translateUpdates(document);
  }

  private static Object plain(Object value) {
    if (value instanceof Collection<?> list) {
      List<Object> each = new ArrayList<>();
      for (Object one : list) each.add(plain(one));
      return withoutUnion(each);
    }
    if (value instanceof String text && text.equals("$$REMOVE")) return null; // As good, where it is only asked for.
    if (!(value instanceof Document document) || document.containsKey("$literal")) return value;
    Document result = new Document();
    for (var entry : document.entrySet()) result.put(entry.getKey(), plain(entry.getValue()));
    if (result.containsKey("$set")) result.put("$addFields", result.remove("$set"));
    if (result.get("$lookup") instanceof Document lookup) splitLookup(lookup);
    Object missing = askedWhetherMissing(result);
    // What is missing comes before null, and null before the rest.
    if (missing != null) return new Document("$lte", Arrays.asList(missing, null));
    return result.get("$switch") instanceof Document choice ? nestedConditions(choice) : result;
  }

  /** The value in `{$eq: [{$type: value}, "missing"]}` and `{$in: [{$type: value}, ["missing", "null"]]}`. */
  private static Object askedWhetherMissing(Document expression) {
    Object kinds = expression.containsKey("$eq") ? "missing" : List.of("missing", "null");
    Object sides = expression.containsKey("$eq") ? expression.get("$eq") : expression.get("$in");
    return sides instanceof List<?> both && both.size() == 2 && kinds.equals(both.get(1))
        && both.get(0) instanceof Document kind ? kind.get("$type") : null;
  }

  /** `$lookup` by two fields and a pipeline at once: the fields become the first condition of the pipeline. */
  private static void splitLookup(Document lookup) {
    if (!lookup.containsKey("localField") || !(lookup.get("pipeline") instanceof List<?> stages)) return;
    if (stages.isEmpty()) {
      lookup.remove("pipeline");
      return;
    }
    Document variables = lookup.get("let") instanceof Document given ? given : new Document();
    variables.put("local__field", "$" + lookup.remove("localField"));
    lookup.put("let", variables);
    List<Object> whole = new ArrayList<>();
    Object equal = new Document("$eq", List.of("$" + lookup.remove("foreignField"), "$$local__field"));
    whole.add(new Document("$match", new Document("$expr", equal)));
    whole.addAll(stages);
    lookup.put("pipeline", whole);
  }

  private static Object nestedConditions(Document choice) {
    List<?> branches = (List<?>) choice.get("branches");
    Object result = choice.get("default");
    for (int i = branches.size() - 1; i >= 0; i--) {
      Document branch = (Document) branches.get(i);
      result = new Document("$cond", Arrays.asList(branch.get("case"), branch.get("then"), result));
    }
    return result;
  }

  /**
   * "This document if there is none": `{$unionWith: {pipeline: [{$documents: [it]}]}}, {$limit: 1}`. The field `__now`
   * before it is there for the sake of a fault of real servers.
   */
  private static List<Object> withoutUnion(List<Object> stages) {
    for (int i = 0; i < stages.size() - 1; i++) {
      if (!(stages.get(i) instanceof Document stage) || !(stage.get("$unionWith") instanceof Document union)) continue;
      Document only = (Document) ((List<?>) union.get("pipeline")).get(0);
      Object spare = ((List<?>) only.get("$documents")).get(0);
      List<Object> before = new ArrayList<>(stages.subList(0, i));
      before.removeIf(each -> each instanceof Document set && set.get("$addFields") instanceof Document fields
          && fields.containsKey("__now"));
      if (before.isEmpty()) before.add(new Document("$match", new Document()));
      Object isEmpty = new Document("$eq", List.of("$all", List.of()));
      Object first = new Document("$arrayElemAt", List.of("$all", 0));
      Object one = new Document("$cond", List.of(isEmpty, new Document("$literal", spare), first));
      List<Object> whole = new ArrayList<>();
      whole.add(new Document("$facet", new Document("all", before)));
      whole.add(new Document("$replaceRoot", new Document("newRoot", one)));
      whole.addAll(stages.subList(i + 2, stages.size()));
      return whole;
    }
    return stages;
  }

  /** An update by a pipeline that sets constants, `[{$set: {name: {$literal: value}}}]`, as `{$set: {name: value}}`. */
  private static void translateUpdates(Document command) throws MongoServerError {
    for (Object each : (Collection<?>) command.get("updates")) {
      Document update = (Document) each;
      if (!(update.get("u") instanceof Collection<?> stages)) continue;
      Document values = new Document();
      for (Object stage : stages) {
        if (!(((Document) stage).get("$set") instanceof Document set)) throw refused(stage);
        for (var entry : set.entrySet()) values.put(entry.getKey(), constant(entry.getValue()));
      }
      update.put("u", new Document("$set", values));
    }
  }

  private static Object constant(Object value) throws MongoServerError {
    if (value instanceof Document one && one.size() == 1 && one.containsKey("$literal")) return one.get("$literal");
    if (value instanceof Document || value instanceof String text && text.startsWith("$")) throw refused(value);
    return value;
  }

  private static MongoServerError refused(Object what) {
    return new MongoServerError(9, "FailedToParse", "This server updates by pipelines of constants only, not " + what);
  }
}
