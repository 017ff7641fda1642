package store_test

import (
	"path/filepath"
	"testing"
)

// On SQLite the conditions of indexes are tested for every row that is written. A
// list of more than two in one of them would cost a table each time.
func TestWritesMakeNoTables(t *testing.T) {
	t.Parallel()
	url := filepath.Join(t.TempDir(), "myodai.db")
	must(open(t, url).Migrate(t.Context()))(t)
	db := raw(t, url)
	for _, write := range []string{
		`insert into messages default values`,
		`insert into body_chunks default values`,
		`insert into deliveries default values`,
		`update deliveries set state = 'delivered', due_at = 1, expires_at = 1, lease_owner = '', crashes = 0, queue = '' where id = 'x'`,
		`insert into events default values`,
	} {
		n := 0
		rows, err := db.Query("explain " + write)
		ok(t, err)
		for rows.Next() {
			var addr, p1, p2, p3, p5 int
			var opcode string
			var p4, comment any
			ok(t, rows.Scan(&addr, &opcode, &p1, &p2, &p3, &p4, &p5, &comment))
			if opcode == "OpenEphemeral" {
				t.Errorf("%s: makes a table", write)
			}
			n = addr
		}
		ok(t, rows.Close())
		if n < 10 {
			t.Errorf("%s: explained in %d steps", write, n)
		}
	}
}
