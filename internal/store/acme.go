package store

import (
	"context"
	"time"

	"github.com/myodai/myodai"
)

// ACMEAccount reads the private key of our account at a certificate authority, by
// the URL of its directory.
func (s *Store) ACMEAccount(ctx context.Context, directory string) ([]byte, error) {
	sealed, err := one(s.read(ctx), "there is no account at this certificate authority", only[[]byte],
		`select sealed from acme_accounts where directory = $1`, directory)
	if err != nil {
		return nil, wrap("read ACME account", err)
	}
	private, err := s.unseal(sealed, accountBinding(directory))
	return private, wrap("read ACME account", err)
}

// AddACMEAccount keeps the key of an account, unless another node was faster:
// ACMEAccount then reads that one.
func (s *Store) AddACMEAccount(ctx context.Context, directory string, private []byte, now time.Time) error {
	return s.write(ctx, "add ACME account", func(q session) error {
		_, err := q.exec(`insert into acme_accounts (directory, sealed, created_at) values ($1, $2, $3) on conflict do nothing`,
			directory, s.seal(private, accountBinding(directory)), now)
		return err
	})
}

// accountBinding is what the key of an account is bound to (P28, T57).
func accountBinding(directory string) []byte { return []byte("acme account key\x00" + directory) }

const challengeColumns = `certificate_id, kind, host, name, token, value, made_at`

func challengeFields(c *myodai.Challenge) []any {
	return []any{&c.CertificateID, &c.Kind, &c.Host, &c.Name, &c.Token, &c.Value, instant{&c.MadeAt}}
}

// AddChallenge publishes what a certificate authority will look for, as long as
// owner holds the certificate. RecordCertificate takes it away.
func (s *Store) AddChallenge(ctx context.Context, owner string, c myodai.Challenge) error {
	return s.write(ctx, "add challenge", func(q session) error {
		_, err := one(q, absent("certificate", c.CertificateID), only[myodai.CertificateID],
			`select id from certificates where id = $1 and lease_owner = $2`, c.CertificateID, owner)
		if err != nil {
			return err
		}
		_, err = q.exec(`insert into challenges (`+challengeColumns+`) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
			c.CertificateID, c.Kind, c.Host, c.Name, c.Token, c.Value, c.MadeAt)
		if err != nil {
			return err
		}
		return q.bumpSerial()
	})
}

// Challenges lists what certificate authorities may be looking for now.
func (s *Store) Challenges(ctx context.Context) ([]myodai.Challenge, error) {
	list, err := all(s.read(ctx), challengeFields, `select `+challengeColumns+` from challenges order by made_at, value`)
	return list, wrap("list challenges", err)
}
