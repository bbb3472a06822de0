import Database from "libsql";

export async function open(url) {
  const database = new Database(url.slice("sqlite:///".length));
  const columns = "id, email, name, role, created_at, generation";
  const one = database.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
  const many = database.prepare(`SELECT ${columns} FROM users ORDER BY created_at DESC, id DESC LIMIT 51`);
  return { findUser: async (id) => userOf(one.get(id)), listUsers: async () => many.all().map(userOf) };
}

function userOf(row) {
  return row && { ...row, created_at: new Date(`${row.created_at.replace(" ", "T")}Z`) };
}
