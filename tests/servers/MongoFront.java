import de.bwaldvogel.mongo.MongoBackend;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.MongoServerError;
import de.bwaldvogel.mongo.wire.message.MongoMessage;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Runs mongo-java-server so that today's drivers take it for a standalone mongod 7.0: it knows `hello` and sessions, and
 * refuses transactions, as a standalone does, where the bare server would accept and ignore them. It answers documents as
 * they were when they matched, where the bare server answers what others make of them before it has sent them.
 */
public class MongoFront {
  static final Set<String> HELLO = Set.of("hello", "ismaster");
  static final Set<String> TRANSACTION = Set.of("committransaction", "aborttransaction");
  static final Set<String> READING = Set.of("find", "aggregate", "count", "distinct");
  /** Of each database one: what takes long in one must not hold up the others. */
  static final Map<String, ReadWriteLock> LOCKS = new ConcurrentHashMap<>();

  /** Arguments: port, data file. */
  public static void main(String[] args) throws Exception {
    H2Backend backend = new H2Backend(args[1]);
    backend.getMvStore().setAutoCommitDelay(50); // Milliseconds of writes that kill -9 may cost; mongod: 100.
    backend.version(new MongoVersion() {
      public List<Integer> getVersionArray() { return List.of(7, 0, 0); }
      public int getWireVersion() { return 21; }
    });
    MongoBackend front = (MongoBackend) Proxy.newProxyInstance(MongoFront.class.getClassLoader(),
        new Class<?>[] {MongoBackend.class}, (proxy, method, arguments) -> call(backend, method, arguments));
    MongoServer server = new MongoServer(front);
    server.bind("127.0.0.1", Integer.parseInt(args[0]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
  }

  static Object call(MongoBackend backend, Method method, Object[] arguments) throws Throwable {
    boolean hello = false;
    boolean reading = false;
    String database = "";
    if (method.getName().equals("handleMessage")) {
      MongoMessage message = (MongoMessage) arguments[0];
      Document document = message.getDocument();
      String command = document.keySet().iterator().next().toLowerCase();
      if (document.containsKey("startTransaction") || Boolean.FALSE.equals(document.get("autocommit"))
          || TRANSACTION.contains(command)) {
        throw new MongoServerError(20, "IllegalOperation",
            "Transaction numbers are only allowed on a replica set member or mongos");
      }
      MongoWords.translate(command, document);
      reading = READING.contains(command);
      database = message.getDatabaseName();
      hello = HELLO.contains(command);
      if (hello) {
        Document question = new Document("ismaster", 1);
        question.put("$db", message.getDatabaseName());
        arguments = new Object[] {new MongoMessage(message.getChannel(), message.getHeader(), question)};
      }
    } else if (method.getName().equals("handleCommand")) {
      hello = HELLO.contains(((String) arguments[2]).toLowerCase());
      if (hello) arguments = new Object[] {arguments[0], arguments[1], "ismaster", arguments[3]};
    }
    ReadWriteLock both = LOCKS.computeIfAbsent(database, name -> new ReentrantReadWriteLock(true)); // Fair to writers.
    Lock lock = reading ? both.readLock() : both.writeLock();
    lock.lock();
    try {
      Object answer = method.invoke(backend, arguments);
      if (hello) ((Document) answer).put("logicalSessionTimeoutMinutes", 30);
      return answer instanceof Document document ? document.cloneDeeply() : answer;
    } catch (InvocationTargetException failure) {
      throw failure.getCause();
    } finally {
      lock.unlock();
    }
  }
}
