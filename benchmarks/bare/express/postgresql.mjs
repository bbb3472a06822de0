import pg from "pg";

export async function open(url) {
  const pool = new pg.Pool({ connectionString: url, max: 50 });
  const columns = "id, email, name, role, created_at, generation";
  return {
    async findUser(id) {
      return (await pool.query(`SELECT ${columns} FROM users WHERE id = $1`, [id])).rows[0];
    },
    async listUsers() {
      return (await pool.query(`SELECT ${columns} FROM users ORDER BY created_at DESC, id DESC LIMIT 51`)).rows;
    },
  };
}
