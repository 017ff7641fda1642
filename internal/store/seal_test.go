package store_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/store"
)

// P28: without the master key the database signs nothing, and says so at start.
func TestWrongMasterKeyIsRefused(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		other := masterKey
		other[31]++
		early, err := store.Open(t.Context(), store.Options{URL: url, Key: other}) // nothing is there to compare with yet
		ok(t, err)
		defer func() { ok(t, early.Close()) }()
		must(open(t, url).Migrate(t.Context()))(t)

		_, err = store.Open(t.Context(), store.Options{URL: url, Key: other})
		wantCode(t, err, myodai.CodeInvalid)
		_, err = early.Migrate(t.Context())
		wantCode(t, err, myodai.CodeInvalid)
		if err == nil || !strings.Contains(err.Error(), "master key") {
			t.Errorf("Migrate with another master key says %v", err)
		}
		open(t, url) // the right one still opens it
	})
}

// P28, T23: a sealed key opens only in the row it was made for.
func TestSwappedSealedKeysAreRefused(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := open(t, url)
		must(s.Migrate(t.Context()))(t)
		mine, theirs := newTenant(t, s), newTenant(t, s)
		a := newDomain(t, s, mine.ID, "example.com")
		b := newDomain(t, s, theirs.ID, "example.com")
		ok(t, s.CreatePlatformKeys(t.Context(), "plat.example", []myodai.NewKey{newKey(t, "p1", myodai.KeyActive)}))

		db := raw(t, url)
		sealed := func(where string) (list [][]byte) {
			rows, err := db.Query(`select sealed from dkim_keys where ` + where + ` order by selector`)
			ok(t, err)
			defer func() { ok(t, rows.Close()) }()
			for rows.Next() {
				var b []byte
				ok(t, rows.Scan(&b))
				list = append(list, b)
			}
			return list
		}
		ofA, ofB, ofPlatform := sealed("domain_id = '"+string(a.ID)+"'"), sealed("domain_id = '"+string(b.ID)+"'"), sealed("domain_id is null")
		for _, tt := range []struct {
			name   string
			sealed []byte
			fine   bool
		}{
			{"its own", ofA[0], true},
			{"of another tenant's domain of the same name", ofB[0], false},
			{"of its other selector", ofA[1], false},
			{"of the platform", ofPlatform[0], false},
			{"changed by one bit", append([]byte{ofA[0][0] ^ 1}, ofA[0][1:]...), false},
			{"cut short", ofA[0][:20], false},
			{"empty", []byte{}, false},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if n := exec(t, db, `update dkim_keys set sealed = $1 where domain_id = $2 and state = 'active'`, tt.sealed, string(a.ID)); n != 1 {
					t.Fatalf("%d keys changed", n)
				}
				signers, err := open(t, url).Signers(t.Context(), mine.ID, a.ID) // with an empty cache
				switch {
				case tt.fine && (err != nil || len(signers) != 1):
					t.Errorf("%d signers, error %v", len(signers), err)
				case !tt.fine && (err == nil || code(err) != "" || !strings.Contains(err.Error(), "does not belong here")):
					t.Errorf("%d signers, error %v; want a fault", len(signers), err)
				}
			})
		}
	})
}

// A row that is moved to another tenant, domain or selector signs nothing,
// not even when the domain is moved with it.
func TestMovedKeyRowIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		move string // $1 is the thief's tenant, $2 its domain, $3 the domain robbed
		of   func(thief, robbed myodai.Domain) myodai.DomainID
	}{
		{
			"key to another domain",
			`update dkim_keys set tenant_id = $1, domain_id = $2, selector = 'moved', domain_name = 'example.com' where domain_id = $3 and state = 'active'`,
			func(thief, _ myodai.Domain) myodai.DomainID { return thief.ID },
		},
		{
			"key to another domain, and nothing else",
			`update dkim_keys set domain_id = $2 where domain_id = $3 and state = 'active' and $1 <> ''`,
			func(thief, _ myodai.Domain) myodai.DomainID { return thief.ID },
		},
		{
			"key to another selector",
			`update dkim_keys set selector = $1 || $2 where domain_id = $3 and state = 'active'`,
			func(_, robbed myodai.Domain) myodai.DomainID { return robbed.ID },
		},
		{
			"key to sign for another name",
			`update dkim_keys set domain_name = $1 || $2 where domain_id = $3 and state = 'active'`,
			func(_, robbed myodai.Domain) myodai.DomainID { return robbed.ID },
		},
		{
			"domain with its keys to another tenant",
			`update dkim_keys set tenant_id = $1 where domain_id = $3 and $2 <> ''`,
			func(_, robbed myodai.Domain) myodai.DomainID { return robbed.ID },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			eachURL(t, func(t *testing.T, url string) {
				s := open(t, url)
				must(s.Migrate(t.Context()))(t)
				thief := newDomain(t, s, newTenant(t, s).ID, "example.com")
				robbed := newDomain(t, s, newTenant(t, s).ID, "example.org")
				db := raw(t, url)
				if strings.HasPrefix(url, "postgres://") { // SQLite checks only where it is asked to
					exec(t, db, `alter table dkim_keys drop constraint dkim_keys_tenant_id_domain_id_fkey`)
				}
				exec(t, db, `delete from dkim_keys where domain_id = $1`, string(thief.ID))
				if n := exec(t, db, tt.move, string(thief.TenantID), string(thief.ID), string(robbed.ID)); n == 0 {
					t.Fatal("nothing was moved")
				}
				owner := thief.TenantID
				if !strings.Contains(tt.move, "tenant_id = $1") {
					owner = robbed.TenantID
				}
				signers, err := s.Signers(t.Context(), owner, tt.of(thief, robbed))
				if err == nil || !strings.Contains(err.Error(), "does not belong here") {
					t.Errorf("%d signers, error %v", len(signers), err)
				}
			})
		})
	}
}

// P28, T66: nobody who reads the database finds a private key or a secret.
func TestNoSecretInDatabaseFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "myodai.db")
	s := open(t, path)
	must(s.Migrate(t.Context()))(t)
	tenant := newTenant(t, s)
	d := draftDomain(tenant.ID, "example.com")

	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	ok(t, err)
	rsaDER, err := x509.MarshalPKCS8PrivateKey(rsaKey)
	ok(t, err)
	edKey := newKey(t, "e1", myodai.KeyActive)
	parsed, err := x509.ParsePKCS8PrivateKey(edKey.Private)
	ok(t, err)
	seed := parsed.(ed25519.PrivateKey).Seed()
	forRSA := newKey(t, "s1", myodai.KeyActive)
	forRSA.Private, forRSA.Key.Algorithm = rsaDER, myodai.KeyRSA
	ok(t, s.CreateDomain(t.Context(), d, []myodai.NewKey{edKey, forRSA}))
	ok(t, s.CreatePlatformKeys(t.Context(), "plat.example", []myodai.NewKey{newKey(t, "p1", myodai.KeyActive)}))
	secret := "myk_" + rand.Text()
	ok(t, s.CreateCredential(t.Context(), myodai.Credential{
		ID: myodai.NewID[myodai.CredentialID](t0, rand.Reader), TenantID: tenant.ID, Kind: myodai.CredentialAPI,
		SecretHash: sha256.Sum256([]byte(secret)), CreatedAt: t0,
	}))
	must(s.Signers(t.Context(), tenant.ID, d.ID))(t)

	needles := map[string][]byte{
		"PEM": []byte("-----BEGIN"), "master key": masterKey[:], "API key": []byte(secret),
		"Ed25519 seed": seed, "RSA prime": rsaKey.Primes[0].Bytes(), "RSA exponent": rsaKey.D.Bytes(),
		"PKCS #8 of RSA": rsaDER[:64], "PKCS #8 of Ed25519": edKey.Private[:32],
		"PEM of RSA": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rsaDER})[28:92],
	}
	for name, needle := range needles {
		needles[name+" in hex"] = []byte(hex.EncodeToString(needle))
		needles[name+" in base 64"] = []byte(base64.StdEncoding.EncodeToString(needle)[:16])
	}
	files, err := filepath.Glob(path + "*")
	ok(t, err)
	found := false
	for _, file := range files {
		content := must(os.ReadFile(file))(t)
		found = found || bytes.Contains(content, []byte(edKey.Key.Public))
		for name, needle := range needles {
			if bytes.Contains(content, needle) {
				t.Errorf("%s holds: %s", filepath.Base(file), name)
			}
		}
	}
	if !found {
		t.Error("the public key is not in the files either, so this test proves nothing")
	}
}

func TestKeyThatIsNoneIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		tenant := newTenant(t, s)
		d := draftDomain(tenant.ID, "example.com")
		key := newKey(t, "s1", myodai.KeyActive)
		key.Private = key.Private[:20]
		if err := s.CreateDomain(t.Context(), d, []myodai.NewKey{key}); err == nil {
			t.Error("half a private key was taken")
		}
		_, err := s.Domain(t.Context(), tenant.ID, d.ID)
		wantCode(t, err, myodai.CodeNotFound)
	})
}
