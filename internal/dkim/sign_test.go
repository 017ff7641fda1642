package dkim_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

var signedAt = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

const mail = "From: Hana <hana@kaisha.example>\r\n" +
	"To: taro@example.net\r\n" +
	"Subject: =?utf-8?q?Receipt?=\r\n" +
	"  for November\r\n" +
	"Date: Sun, 22 Nov 2026 18:00:00 +0900\r\n" +
	"Message-ID: <1@kaisha.example>\r\n" +
	"MIME-Version: 1.0\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n" +
	"Received: from app by out1.plat.example\r\n" +
	"\r\n" +
	"Thank you.  \r\n" +
	"\r\n" +
	"Your receipt is below.\r\n" +
	"\r\n"

// oversigned is what T21 lists.
var oversigned = []string{
	"From", "To", "Cc", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID",
	"In-Reply-To", "References", "Sender",
}

func edSigner() dkim.Signer {
	return dkim.Signer{Domain: "kaisha.example", Selector: "e1-abcdefgh", Key: edKey}
}

func rsaSigner() dkim.Signer {
	return dkim.Signer{Domain: "kaisha.example", Selector: "s1-abcdefgh", Key: rsaKey()}
}

// zone answers key look-ups for signers, and for more records by name.
func zone(signers []dkim.Signer, more map[myodai.Name][]string) func(myodai.Name) ([]string, error) {
	records := map[myodai.Name][]string{}
	for _, s := range signers {
		alg := myodai.KeyEd25519
		if _, ok := s.Key.Public().(*rsa.PublicKey); ok {
			alg = myodai.KeyRSA
		}
		records[s.Domain.Child(s.Selector+"._domainkey")] = []string{dkim.KeyRecord(alg, dkim.Public(s.Key))}
	}
	for name, txt := range more {
		records[name] = txt
	}
	return func(name myodai.Name) ([]string, error) { return records[name], nil }
}

func sign(t testing.TB, message string, signers ...dkim.Signer) string {
	t.Helper()
	header, err := dkim.Sign([]byte(message), signers, signedAt)
	if err != nil {
		t.Fatal(err)
	}
	return string(header) + message
}

func results(list []dkim.Verification) string {
	var words []string
	for _, v := range list {
		words = append(words, string(v.Result))
	}
	return strings.Join(words, " ")
}

// TestSignedHeader shows the whole field: relaxed, SHA-256, no l= (T20), seven
// days of life, every name once more than it is there (T21).
func TestSignedHeader(t *testing.T) {
	header, err := dkim.Sign([]byte(mail), []dkim.Signer{edSigner()}, signedAt)
	if err != nil {
		t.Fatal(err)
	}
	want := "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=kaisha.example;\r\n" +
		"\ts=e1-abcdefgh; t=1795338000; x=1795942800; h=From:From:To:To:Cc:Subject:\r\n" +
		"\tSubject:Date:Date:Message-ID:Message-ID:Reply-To:Sender:In-Reply-To:\r\n" +
		"\tReferences:MIME-Version:MIME-Version:Content-Type:Content-Type:\r\n" +
		"\tContent-Transfer-Encoding:List-Unsubscribe:List-Unsubscribe-Post:Feedback-ID;\r\n" +
		"\tbh=9fZlguDNNtrUI5yZ0Cpp93xd1maNieI47BFk3WmkVC4=;\r\n" +
		"\tb=M7uwxpbMMRNIzshRdAItDoI4ahmOzy7bTrea7G9qCLZl0K13/liootepy7GZn432RITKu99G\r\n" +
		"\tWlmKAsoXs5gZBA==\r\n"
	if got := string(header); got != want {
		t.Errorf("Sign =\n%s\nwant\n%s", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	both := []dkim.Signer{rsaSigner(), edSigner()}
	for _, tt := range []struct{ name, message string }{
		{"plain", mail},
		{"no body", "From: a@kaisha.example\r\n\r\n"},
		{"no empty line either", "From: a@kaisha.example\r\n"},
		{"folded and tabbed", "FROM:\r\n\ta@kaisha.example\r\nSubject:\ta \r\n \tb\r\n\r\n\ta  b \r\n"},
		{"two Subjects, as nobody should", "Subject: 1\r\nFrom: a@kaisha.example\r\nSubject: 2\r\n\r\nx\r\n"},
		{"another's signature on it", "DKIM-Signature: v=1; d=other.example\r\n" + mail},
		{"8-bit body", "From: a@kaisha.example\r\n\r\n\xff\x00\xe3\x81\x82\r\n"},
		{"long line", "From: a@kaisha.example\r\n\r\n" + strings.Repeat("x y ", 4000) + "\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := dkim.Verify([]byte(sign(t, tt.message, both...)), zone(both, nil), signedAt)
			if len(list) < 2 || results(list[:2]) != "pass pass" {
				t.Fatalf("Verify = %+v", list)
			}
			if list[0].Algorithm != "rsa-sha256" || list[0].KeyBits != 2048 || list[0].Selector != "s1-abcdefgh" {
				t.Errorf("first signature is %+v, want the first signer's", list[0])
			}
			if list[1].Algorithm != "ed25519-sha256" || list[1].KeyBits != 256 || list[1].Domain != "kaisha.example" {
				t.Errorf("second signature is %+v, want the second signer's", list[1])
			}
			if list[0].Length != -1 || !list[0].SignedAt.Equal(signedAt) || list[0].ExpiresAt.Sub(signedAt) != 7*24*time.Hour {
				t.Errorf("l=, t=, x= are %d, %v, %v", list[0].Length, list[0].SignedAt, list[0].ExpiresAt)
			}
		})
	}
}

func TestSignedHeaderLinesStayShort(t *testing.T) {
	many := "From: a@kaisha.example\r\n" + strings.Repeat("Content-Transfer-Encoding: 8bit\r\n", 40) + "\r\n"
	signers := []dkim.Signer{
		rsaSigner(), edSigner(),
		{Domain: myodai.Name(strings.Repeat("a", 50) + ".example"), Selector: strings.Repeat("s", 63), Key: rsaKey()},
	}
	header, err := dkim.Sign([]byte(many), signers, signedAt)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(header), "\r\n"), "\r\n") {
		if len(line) > 78 || strings.Trim(line, " \t") == "" {
			t.Errorf("line of %d octets: %q", len(line), line)
		}
	}
	if got := results(dkim.Verify(append(header, many...), zone(signers, nil), signedAt)); got != "pass pass pass" {
		t.Errorf("Verify = %s", got)
	}
}

// TestAddedHeaderBreaksSignature adds each field of T21, above and below.
func TestAddedHeaderBreaksSignature(t *testing.T) {
	signer := edSigner()
	signed := sign(t, mail, signer)
	cut := strings.Index(signed, "Received:")
	for _, name := range oversigned {
		for place, message := range map[string]string{
			"at the top":       name + ": added\r\n" + signed,
			"below the others": signed[:cut] + name + ": added\r\n" + signed[cut:],
			"in capitals":      strings.ToUpper(name) + ": added\r\n" + signed,
		} {
			if got := results(dkim.Verify([]byte(message), zone([]dkim.Signer{signer}, nil), signedAt)); got != "fail" {
				t.Errorf("%s added %s: %s, want fail", name, place, got)
			}
		}
	}
	message := "X-Other: added\r\n" + signed
	if got := results(dkim.Verify([]byte(message), zone([]dkim.Signer{signer}, nil), signedAt)); got != "pass" {
		t.Errorf("a field that is not signed was added: %s, want pass", got)
	}
}

// TestChangedByteBreaksSignature changes every octet that is signed.
func TestChangedByteBreaksSignature(t *testing.T) {
	signer := edSigner()
	signed := sign(t, mail, signer)
	lookup := zone([]dkim.Signer{signer}, nil)
	received := strings.Index(signed, "Received:")
	body := strings.Index(signed, "\r\n\r\n") + 4
	tail := strings.Index(signed, "==\r\nFrom:") - 1 // its low bits mean nothing
	for i := range len(signed) {
		if strings.IndexByte(" \t\r\n", signed[i]) >= 0 || i == tail || received <= i && i < body {
			continue
		}
		changed := []byte(signed)
		changed[i] ^= 1
		for _, v := range dkim.Verify(changed, lookup, signedAt) {
			if v.Result == dkim.Pass {
				t.Fatalf("octet %d changed from %q to %q, still pass", i, signed[i], changed[i])
			}
		}
	}
	for _, added := range []string{"x", "\r\nx", "x\r\n"} {
		if got := results(dkim.Verify([]byte(signed+added), lookup, signedAt)); got != "fail" {
			t.Errorf("%q added to the body: %s, want fail", added, got)
		}
	}
	if got := results(dkim.Verify([]byte(signed+"\r\n\r\n"), lookup, signedAt)); got != "pass" {
		t.Errorf("empty lines added at the end: %s, want pass (RFC 6376 §3.4.4)", got)
	}
}

// TestSignRefuses: what two readers could read in two ways is not signed (T22,
// P24), nor is anything with a key nobody may accept.
func TestSignRefuses(t *testing.T) {
	good := []dkim.Signer{edSigner()}
	weak, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		message string
		signers []dkim.Signer
	}{
		{"bare LF in the body", mail + "a\nb\r\n", good},
		{"bare CR in the body", mail + "a\rb\r\n", good},
		{"bare LF in the header", strings.Replace(mail, "To:", "X: a\nTo:", 1), good},
		{"CR at the very end", mail + "\r", good},
		{"LF only", strings.ReplaceAll(mail, "\r\n", "\n"), good},
		{"no From", "To: a@example.net\r\n\r\n", good},
		{"two Froms", "From: a@victim.example\r\n" + mail, good},
		{"two Froms in other letters", "fRoM: a@victim.example\r\n" + mail, good},
		{"space before the colon", strings.Replace(mail, "To:", "To :", 1), good},
		{"folded first line", " From: a@kaisha.example\r\n" + mail, good},
		{"line without a colon", "nonsense\r\n" + mail, good},
		{"empty name", ": x\r\n" + mail, good},
		{"8-bit name", "X-\xe3: x\r\n" + mail, good},
		{"empty", "", good},
		{"key of another kind", mail, []dkim.Signer{{Domain: "kaisha.example", Selector: "x", Key: weak}}},
		{"RSA below 1024 bits", mail, []dkim.Signer{{Domain: "kaisha.example", Selector: "x", Key: shortKey{rsaKey()}}}},
		{"key that fails", mail, []dkim.Signer{{Domain: "kaisha.example", Selector: "x", Key: brokenKey{rsaKey()}}}},
		{"no domain", mail, []dkim.Signer{{Selector: "x", Key: edKey}}},
		{"no selector", mail, []dkim.Signer{{Domain: "kaisha.example", Key: edKey}}},
		{"selector that is none", mail, []dkim.Signer{{Domain: "kaisha.example", Selector: "x;d=victim.example", Key: edKey}, {Domain: "kaisha.example", Selector: "x\r\nFrom: y", Key: edKey}}},
		{"one good and one bad signer", mail, []dkim.Signer{edSigner(), {Domain: "kaisha.example", Key: edKey}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if header, err := dkim.Sign([]byte(tt.message), tt.signers, signedAt); err == nil || header != nil {
				t.Errorf("Sign = %q, %v, want an error", header, err)
			}
		})
	}
}

type shortKey struct{ crypto.Signer }

func (k shortKey) Public() crypto.PublicKey {
	key := *k.Signer.Public().(*rsa.PublicKey)
	key.N = new(big.Int).Rsh(key.N, 1025)
	return &key
}

type brokenKey struct{ crypto.Signer }

func (brokenKey) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("the vault is sealed")
}

func TestSignLeavesMessageAlone(t *testing.T) {
	message := []byte(mail)
	if _, err := dkim.Sign(message[:len(message):len(message)], []dkim.Signer{edSigner(), rsaSigner()}, signedAt); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(message, []byte(mail)) {
		t.Error("Sign changed the message")
	}
	if header, err := dkim.Sign(message, nil, signedAt); err != nil || len(header) != 0 {
		t.Errorf("Sign without signers = %q, %v, want nothing", header, err)
	}
}
