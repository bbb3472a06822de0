import { MongoClient, ObjectId } from "mongodb";

export async function open(url) {
  const users = new MongoClient(url, { maxPoolSize: 50 }).db().collection("users");
  const withId = (user) => user && { ...user, id: user._id.toHexString() };
  return {
    async findUser(id) {
      return withId(await users.findOne({ _id: new ObjectId(id) }));
    },
    async listUsers() {
      return (await users.find().sort({ created_at: -1, _id: -1 }).limit(51).toArray()).map(withId);
    },
  };
}
