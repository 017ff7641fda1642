package dkim_test

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// signWith signs dinner with edKey and the given tags, to which bh= and b= are
// added, so that a table can hold any signature there is. Simple header
// canonicalization of one From field keeps what is signed plain to see.
func signWith(t *testing.T, tags string) string {
	t.Helper()
	_, body, _ := strings.Cut(dinner, "\r\n\r\n")
	sum := sha256.Sum256([]byte(body))
	from, _, _ := strings.Cut(dinner, "\r\n")
	header := "DKIM-Signature: " + tags + "; h=From; bh=" + base64.StdEncoding.EncodeToString(sum[:]) + "; b="
	digest := sha256.Sum256([]byte(from + "\r\n" + header))
	signature, err := edKey.Sign(nil, digest[:], crypto.Hash(0))
	if err != nil {
		t.Fatal(err)
	}
	return header + base64.StdEncoding.EncodeToString(signature) + "\r\n" + dinner
}

func TestVerifyTags(t *testing.T) {
	key := "k=ed25519; p=" + dkim.Public(edKey)
	const plain = "v=1; a=ed25519-sha256; d=example.com; s=x"
	for _, tt := range []struct {
		name   string
		tags   string
		key    string // record, "" for the plain one
		want   dkim.Result
		reason string // part of it
	}{
		{"plain", plain, "", dkim.Pass, "example.com signed this message with the key x"},
		{"canonicalization given", plain + "; c=simple/simple", "", dkim.Pass, ""},
		{"body canonicalization left out", plain + "; c=simple", "", dkim.Pass, ""},
		{"capitals in names of DNS", "v=1; a=ed25519-sha256; d=Example.COM; s=X", "", dkim.Pass, ""},
		{"capitals in the algorithm", "v=1; a=Ed25519-SHA256; d=example.com; s=x", "", dkim.Pass, ""},
		{"unknown tags", plain + "; zz=1; r=y", "", dkim.Pass, ""},
		{"identity is the domain", plain + "; i=@example.com", "", dkim.Pass, ""},
		{"identity in other letters", plain + "; i=joe@EXAMPLE.com", "", dkim.Pass, ""},
		{"identity in a subdomain", plain + "; i=@News.Example.com", "", dkim.Pass, ""},
		{"identity with two at signs", plain + `; i="a@b"@example.com`, "", dkim.Pass, ""},
		{"query method among others", plain + "; q=x/y : dns/txt", "", dkim.Pass, ""},

		{"identity elsewhere", plain + "; i=@example.net", "", dkim.PermError, "i="},
		{"identity only ends the same", plain + "; i=@badexample.com", "", dkim.PermError, "i="},
		{"identity above", plain + "; i=@com", "", dkim.PermError, "i="},
		{"identity without an at sign", plain + "; i=example.com", "", dkim.PermError, "i="},
		{"no version", "a=ed25519-sha256; d=example.com; s=x", "", dkim.PermError, "v="},
		{"version of two", "v=2; a=ed25519-sha256; d=example.com; s=x", "", dkim.PermError, "v="},
		{"no algorithm", "v=1; d=example.com; s=x", "", dkim.PermError, "a="},
		{"no domain", "v=1; a=ed25519-sha256; s=x", "", dkim.PermError, "d="},
		{"empty domain", "v=1; a=ed25519-sha256; d=; s=x", "", dkim.PermError, "d="},
		{"root as domain", "v=1; a=ed25519-sha256; d=.; s=x", "", dkim.PermError, "d="},
		{"domain that is none", "v=1; a=ed25519-sha256; d=exa mple.com; s=x", "", dkim.PermError, "d="},
		{"no selector", "v=1; a=ed25519-sha256; d=example.com", "", dkim.PermError, "s="},
		{"selector that is none", "v=1; a=ed25519-sha256; d=example.com; s=a..b", "", dkim.PermError, "s="},
		{"name too long together", "v=1; a=ed25519-sha256; s=" + strings.Repeat("s.", 120) + "s; d=example.com", "", dkim.PermError, "longer"},
		{"SHA-1", "v=1; a=rsa-sha1; d=example.com; s=x", "", dkim.PermError, "SHA-1"},
		{"unknown algorithm", "v=1; a=dsa-sha256; d=example.com; s=x", "", dkim.PermError, "a="},
		{"unknown canonicalization", plain + "; c=simple/nowsp", "", dkim.PermError, "c="},
		{"three canonicalizations", plain + "; c=simple/simple/simple", "", dkim.PermError, "c="},
		{"unknown query method", plain + "; q=http", "", dkim.PermError, "q="},
		{"tag twice", plain + "; d=example.com", "", dkim.PermError, "twice"},
		{"no tag list", plain + "; and more", "", dkim.PermError, "list of tags"},

		{"expires now", plain + "; x=1795338000", "", dkim.Pass, ""},
		{"expired a second ago", plain + "; x=1795337999", "", dkim.PermError, "expired at 2026-11-22T08:59:59Z"},
		{"expires after it was made", plain + "; t=1528637909; x=1895338000", "", dkim.Pass, ""},
		{"expires when it was made", plain + "; t=1895338000; x=1895338000", "", dkim.PermError, "before"},
		{"expires never", plain + "; x=9223372036854775807", "", dkim.Pass, ""},
		{"expiry beyond all numbers", plain + "; x=9223372036854775808", "", dkim.PermError, "x="},
		{"time that is no number", plain + "; t=-1", "", dkim.PermError, "t="},
		{"length of all", plain + "; l=55", "", dkim.Pass, ""},
		{"length of more than all", plain + "; l=56", "", dkim.PermError, "l=56"},
		{"length of less than was hashed", plain + "; l=54", "", dkim.Fail, "body"},
		{"length that is no number", plain + "; l=all", "", dkim.PermError, "l="},

		{"strict key, same domain", plain + "; i=@example.com", "t=s; " + key, dkim.Pass, ""},
		{"strict key, no identity", plain, "t=s; " + key, dkim.Pass, ""},
		{"strict key, subdomain", plain + "; i=@news.example.com", "t=s; " + key, dkim.PermError, "t=s"},
		{"strict key among flags", plain + "; i=@news.example.com", "t=y:s; " + key, dkim.PermError, "t=s"},
		{"testing key, good signature", plain, "t=y; " + key, dkim.Pass, ""},
		{"key for other services", plain, "s=tlsrpt; " + key, dkim.PermError, "does not allow mail"},
		{"key for another hash", plain, "h=sha1; " + key, dkim.PermError, "SHA-256"},
		{"key of another kind", plain, "p=" + rsaPublic, dkim.PermError, "ed25519-sha256, but the key is for rsa"},
		{"another key", plain, "k=ed25519; p=" + edPublic, dkim.Fail, "another key"},
		{"another key, testing", plain, "t=y; k=ed25519; p=" + edPublic, dkim.Neutral, "t=y"},
		{"revoked key", plain, "k=ed25519; p=", dkim.PermError, "revoked"},
		{"too short a key", plain, rsaRecord(1023), dkim.PermError, "1023 bits"},
		{"unusable key", plain, "k=ed25519; p=!", dkim.PermError, "base64"},
		{"no key record but some text", plain, "v=spf1 -all", dkim.PermError, "v="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			record := tt.key
			if record == "" {
				record = key
			}
			lookup := zone(nil, map[myodai.Name][]string{"x._domainkey.example.com": {record}})
			list := dkim.Verify([]byte(signWith(t, tt.tags)), lookup, signedAt)
			if len(list) != 1 || list[0].Result != tt.want || !strings.Contains(list[0].Reason, tt.reason) {
				t.Errorf("Verify = %+v, want %s because of %q", list, tt.want, tt.reason)
			}
			if len(list) == 1 && list[0].Testing != strings.HasPrefix(tt.key, "t=y") {
				t.Errorf("Testing = %t", list[0].Testing)
			}
		})
	}
}

func TestVerifyBrokenSignatures(t *testing.T) {
	good := sign(t, mail, edSigner())
	for _, tt := range []struct {
		name     string
		old, new string
		want     dkim.Result
	}{
		{"From not signed", "h=From:From:", "h=", dkim.PermError},
		{"empty name in h", "h=From:", "h=From::", dkim.PermError},
		{"no h", " h=From", " hh=From", dkim.PermError},
		{"no bh", "\tbh=", "\tbi=", dkim.PermError},
		{"bh that is not base64", "\tbh=", "\tbh=!", dkim.PermError},
		{"another bh", "\tbh=9", "\tbh=8", dkim.Fail},
		{"no b", "\tb=", "\tbb=", dkim.PermError},
		{"empty b", "\tb=", "\tb=; z=", dkim.PermError},
		{"b that is not base64", "\tb=", "\tb=*", dkim.PermError},
		{"short b", "\tb=M7uw", "\tb=", dkim.Fail},
		{"tag added", "v=1;", "v=1; r=y;", dkim.Fail},
		{"nothing", "v=1;", "v=1;", dkim.Pass},
		{"white space in b", "M7uw", "M7\r\n\t u w", dkim.Pass},
		{"name in other letters", "DKIM-Signature:", "dkim-SIGNATURE :", dkim.Pass},
		{"semicolon at the end", "gZBA==", "gZBA== ;", dkim.Fail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(good, tt.old) {
				t.Fatalf("%q is not in the message", tt.old)
			}
			message := strings.Replace(good, tt.old, tt.new, 1)
			list := dkim.Verify([]byte(message), zone([]dkim.Signer{edSigner()}, nil), signedAt)
			if results(list) != string(tt.want) {
				t.Errorf("Verify = %+v, want %s", list, tt.want)
			}
			if list[0].Reason == "" {
				t.Error("no reason")
			}
		})
	}
}

// TestVerifyReportsUncovered: l= lets anybody add to a body (T20), so the
// result says how much was added.
func TestVerifyReportsUncovered(t *testing.T) {
	key := map[myodai.Name][]string{"x._domainkey.example.com": {"k=ed25519; p=" + dkim.Public(edKey)}}
	message := signWith(t, "v=1; a=ed25519-sha256; d=example.com; s=x; l=55") + "Pay here instead.\r\n"
	list := dkim.Verify([]byte(message), zone(nil, key), signedAt)
	if results(list) != "pass" || list[0].Length != 55 || list[0].Uncovered != 19 {
		t.Errorf("Verify = %+v, want pass with 55 octets covered and 19 not", list)
	}
}

func TestVerifySeveralRecordsAtSelector(t *testing.T) {
	signer := edSigner()
	right, other := dkim.KeyRecord(myodai.KeyEd25519, dkim.Public(edKey)), "k=ed25519; p="+edPublic
	for _, tt := range []struct {
		name    string
		records []string
		want    dkim.Result
	}{
		{"none", nil, dkim.PermError},
		{"right one first", []string{right, other}, dkim.Pass},
		{"right one last", []string{other, "v=DKIM1; p=" + rsaPublic, right}, dkim.Pass},
		{"text beside the key", []string{"google-site-verification=x", right, ""}, dkim.Pass},
		{"two others", []string{other, other}, dkim.Fail},
		{"key split into two records", []string{right[:40], right[40:]}, dkim.PermError},
		{"no key among them", []string{"x", "v=spf1 -all"}, dkim.PermError},
		{"right one after four others", []string{other, other, other, other, right}, dkim.Fail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lookup := zone(nil, map[myodai.Name][]string{signer.Domain.Child(signer.Selector + "._domainkey"): tt.records})
			if list := dkim.Verify([]byte(sign(t, mail, signer)), lookup, signedAt); results(list) != string(tt.want) {
				t.Errorf("Verify = %+v, want %s", list, tt.want)
			}
		})
	}
}

func TestVerifyLookupError(t *testing.T) {
	lookup := func(myodai.Name) ([]string, error) { return nil, errors.New("timeout") }
	list := dkim.Verify([]byte(sign(t, mail, edSigner())), lookup, signedAt)
	if results(list) != "temperror" || !strings.Contains(list[0].Reason, "timeout") {
		t.Errorf("Verify = %+v, want temperror", list)
	}
}

func TestVerifyBoundsItsWork(t *testing.T) {
	signers := make([]dkim.Signer, 11)
	for i := range signers {
		signers[i] = edSigner()
	}
	asked := 0
	lookup := func(name myodai.Name) ([]string, error) {
		asked++
		return zone(signers, nil)(name)
	}
	list := dkim.Verify([]byte(sign(t, mail, signers...)), lookup, signedAt)
	if len(list) != 10 || asked != 10 {
		t.Errorf("%d signatures judged with %d look-ups, want 10 of 11", len(list), asked)
	}
	if list := dkim.Verify([]byte(mail), lookup, signedAt); len(list) != 0 {
		t.Errorf("Verify of an unsigned message = %+v", list)
	}
}

// TestVerifyLowestFieldFirst: with several fields of one name h= means them from
// the bottom (RFC 6376 §5.4.2), so a field put on top is the one not covered.
func TestVerifyLowestFieldFirst(t *testing.T) {
	signed := signWith(t, "v=1; a=ed25519-sha256; d=example.com; s=x")
	key := map[myodai.Name][]string{"x._domainkey.example.com": {"k=ed25519; p=" + dkim.Public(edKey)}}
	if list := dkim.Verify([]byte("From: eve@example.net\r\n"+signed), zone(nil, key), signedAt); results(list) != "pass" {
		t.Errorf("another From on top: %+v, want pass, as h= names only one", list)
	}
	lower := strings.Replace(signed, "To: Suzie", "From: eve@example.net\r\nTo: Suzie", 1)
	if list := dkim.Verify([]byte(lower), zone(nil, key), signedAt); results(list) != "fail" {
		t.Errorf("another From below: %+v, want fail", list)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(rfc8463))
	f.Add([]byte(mail))
	f.Add([]byte("DKIM-Signature: v=1; a=rsa-sha256; d=a; s=b; h=from; bh=; b=\r\n\r\n"))
	f.Add([]byte("DKIM-Signature:;\r\nDKIM-Signature\r\n\r\n"))
	f.Add([]byte("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed; d=a; s=b; l=1; h=from:from; bh=AA==; b= A A = = ;\r\nFrom: a"))
	f.Fuzz(func(t *testing.T, message []byte) {
		for _, v := range dkim.Verify(message, footballKeys, signedAt) {
			if v.Reason == "" || v.Result == "" {
				t.Fatalf("a verification without result or reason: %+v", v)
			}
			if v.Result == dkim.Pass && v.Domain != "football.example.com" {
				t.Fatalf("forged: %+v", v)
			}
		}
		header, err := dkim.Sign(message, []dkim.Signer{edSigner()}, signedAt)
		if err != nil {
			return
		}
		list := dkim.Verify(append(header, message...), zone([]dkim.Signer{edSigner()}, nil), signedAt)
		if list[0].Result != dkim.Pass {
			t.Fatalf("what we signed does not verify: %+v", list[0])
		}
	})
}
