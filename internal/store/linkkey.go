package store

import (
	"context"

	"github.com/myodai/myodai"
)

// LinkKeys lists the keys that sign Domain Connect links, newest first.
func (s *Store) LinkKeys(ctx context.Context) ([]myodai.LinkKey, error) {
	list, err := all(s.read(ctx), func(k *myodai.LinkKey) []any { return []any{&k.Label, &k.Public, instant{&k.CreatedAt}} },
		`select label, public, created_at from link_keys order by created_at desc, label desc`)
	return list, wrap("list link keys", err)
}

// LinkKeyPrivate reads the private half of a link key.
func (s *Store) LinkKeyPrivate(ctx context.Context, label string) ([]byte, error) {
	sealed, err := one(s.read(ctx), "there is no such link key", only[[]byte], `select sealed from link_keys where label = $1`, label)
	if err != nil {
		return nil, wrap("read link key", err)
	}
	private, err := s.unseal(sealed, linkKeyBinding(label))
	return private, wrap("read link key", err)
}

// AddLinkKey keeps a key, unless another node was faster: LinkKeys then lists that
// one.
func (s *Store) AddLinkKey(ctx context.Context, k myodai.LinkKey, private []byte) error {
	return s.write(ctx, "add link key", func(q session) error {
		_, err := q.exec(`insert into link_keys (label, public, sealed, created_at) values ($1, $2, $3, $4) on conflict do nothing`,
			k.Label, k.Public, s.seal(private, linkKeyBinding(k.Label)), k.CreatedAt)
		if err != nil {
			return err
		}
		return q.bumpSerial()
	})
}

// linkKeyBinding is what the private half of a link key is bound to (P28).
func linkKeyBinding(label string) []byte { return []byte("link key\x00" + label) }
