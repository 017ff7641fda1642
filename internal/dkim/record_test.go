package dkim_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// The keys of RFC 8463 appendix A.
const (
	edPublic  = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	rsaPublic = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bd" +
		"OKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9Pzo" +
		"xZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
)

func TestParseKeyRecord(t *testing.T) {
	cut := rsaPublic[:len(rsaPublic)-20]
	for _, tt := range []struct {
		name    string
		txt     string
		problem dkim.KeyProblem // "" when the key can be used
		bits    int
	}{
		{"plain rsa", "v=DKIM1; k=rsa; p=" + rsaPublic, "", 1024},
		{"plain ed25519", "v=DKIM1; k=ed25519; p=" + edPublic, "", 256},
		{"only p", "p=" + rsaPublic, "", 1024},
		{"final semicolon", "v=DKIM1; p=" + rsaPublic + ";", "", 1024},
		{"final semicolon and space", "v=DKIM1; p=" + rsaPublic + " ; ", "", 1024},
		{"no spaces", "v=DKIM1;k=rsa;p=" + rsaPublic, "", 1024},
		{"spaces everywhere", " v = DKIM1 ;\tk = rsa ; p = " + rsaPublic, "", 1024},
		{"tabs and folds in p", "v=DKIM1; p=" + rsaPublic[:60] + "\t" + rsaPublic[60:90] + "\r\n " + rsaPublic[90:], "", 1024},
		{"k in capitals", "v=DKIM1; k=RSA; p=" + rsaPublic, "", 1024},
		{"unknown tags", "v=DKIM1; g=*; x=1; p=" + rsaPublic, "", 1024},
		{"empty notes", "v=DKIM1; n=; p=" + rsaPublic, "", 1024},

		{"empty", "", dkim.KeyBadSyntax, 0},
		{"commas", "v=DKIM1, k=rsa, p=" + rsaPublic, dkim.KeyBadVersion, 0},
		{"no tag", "v=DKIM1; " + edPublic[:20], dkim.KeyBadSyntax, 0},
		{"empty tag", "v=DKIM1;; p=" + rsaPublic, dkim.KeyBadSyntax, 0},
		{"tag twice", "v=DKIM1; p=" + rsaPublic + "; p=", dkim.KeyBadSyntax, 0},
		{"tag with a hyphen", "v=DKIM1; k-k=rsa; p=" + rsaPublic, dkim.KeyBadSyntax, 0},
		{"version not first", "k=rsa; v=DKIM1; p=" + rsaPublic, dkim.KeyBadVersion, 0},
		{"version in lower case", "v=dkim1; p=" + rsaPublic, dkim.KeyBadVersion, 0},
		{"version of two", "v=DKIM2; p=" + rsaPublic, dkim.KeyBadVersion, 0},
		{"an SPF record", "v=spf1 include:_spf.plat.example ~all", dkim.KeyBadVersion, 0},
		{"no p", "v=DKIM1; k=rsa", dkim.KeyMissing, 0},
		{"P in capitals", "v=DKIM1; P=" + rsaPublic, dkim.KeyMissing, 0},
		{"revoked", "v=DKIM1; p=", dkim.KeyRevoked, 0},
		{"revoked with spaces", "v=DKIM1; p= ;", dkim.KeyRevoked, 0},
		{"quotes inside", `v=DKIM1; p=` + rsaPublic + `"`, dkim.KeyBadBase64, 0},
		{"PEM around it", "v=DKIM1; p=-----BEGIN PUBLIC KEY-----" + rsaPublic, dkim.KeyBadBase64, 0},
		{"cut within four characters", "v=DKIM1; p=" + rsaPublic[:len(rsaPublic)-21], dkim.KeyBadBase64, 0},
		{"cut at four characters", "v=DKIM1; p=" + cut, dkim.KeyUndecodable, 0},
		{"unknown algorithm", "v=DKIM1; k=ed25519-sha256; p=" + rsaPublic, dkim.KeyUnknownAlgorithm, 0},
		{"rsa key said to be ed25519", "v=DKIM1; k=ed25519; p=" + rsaPublic, dkim.KeyUndecodable, 0},
		{"ed25519 key said to be rsa", "v=DKIM1; p=" + edPublic, dkim.KeyUndecodable, 0},
		{"one bit below 1024", rsaRecord(1023), dkim.KeyTooShort, 1023},
		{"exactly 1024 bits", rsaRecord(1024), "", 1024},
		{"exactly 8192 bits", rsaRecord(8192), "", 8192},
		{"one bit above 8192", rsaRecord(8193), dkim.KeyTooLong, 8193},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := dkim.ParseKeyRecord(tt.txt)
			if problemOf(err) != tt.problem {
				t.Errorf("problem = %q (%v), want %q", problemOf(err), err, tt.problem)
			}
			if got.Bits != tt.bits {
				t.Errorf("Bits = %d, want %d", got.Bits, tt.bits)
			}
			if (got.Key != nil) != (err == nil) {
				t.Errorf("Key = %v with error %v", got.Key, err)
			}
		})
	}
}

// rsaRecord is a record with a modulus of that many bits, which is all that is
// looked at.
func rsaRecord(bits int) string {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	key := &rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(key))
}

func problemOf(err error) dkim.KeyProblem {
	var bad *dkim.KeyError
	if errors.As(err, &bad) {
		return bad.Problem
	}
	if err != nil {
		return "not a KeyError"
	}
	return ""
}

func TestParseKeyRecordKeepsFlags(t *testing.T) {
	got, err := dkim.ParseKeyRecord("v=DKIM1; h=SHA1 : sha256; k=rsa; n=see=20example.com; s=email; t=y : S; p=" + rsaPublic)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Hashes, []string{"sha1", "sha256"}) || got.Notes != "see=20example.com" ||
		!reflect.DeepEqual(got.Services, []string{"email"}) || !reflect.DeepEqual(got.Flags, []string{"y", "s"}) {
		t.Errorf("ParseKeyRecord = %+v", got)
	}
	if !got.Testing() || !got.Strict() || !got.ForMail() || !got.SHA256() {
		t.Errorf("Testing, Strict, ForMail, SHA256 = %t, %t, %t, %t, want all", got.Testing(), got.Strict(), got.ForMail(), got.SHA256())
	}
	for _, tt := range []struct {
		tag             string
		forMail, sha256 bool
	}{
		{"", true, true},
		{"s=*; ", true, true},
		{"s=tlsrpt; ", false, true},
		{"s=tlsrpt:email; ", true, true},
		{"h=sha1; ", true, false},
		{"h=; ", true, false},
	} {
		got, err := dkim.ParseKeyRecord("v=DKIM1; " + tt.tag + "p=" + rsaPublic)
		if err != nil || got.ForMail() != tt.forMail || got.SHA256() != tt.sha256 || got.Testing() || got.Strict() {
			t.Errorf("with %q: ForMail = %t, SHA256 = %t, %v; want %t and %t", tt.tag, got.ForMail(), got.SHA256(), err, tt.forMail, tt.sha256)
		}
	}
}

func TestKeyRecordOfRevokedKey(t *testing.T) {
	_, err := dkim.ParseKeyRecord(dkim.KeyRecord(myodai.KeyRSA, ""))
	if problemOf(err) != dkim.KeyRevoked {
		t.Errorf("the record of a revoked key gives %v", err)
	}
}

func TestKeyErrorsStayShort(t *testing.T) {
	for _, txt := range []string{strings.Repeat("x", 1<<16), "v=" + strings.Repeat("x", 1<<16), "k=" + strings.Repeat("x", 1<<16) + "; p=AAAA"} {
		if _, err := dkim.ParseKeyRecord(txt); err == nil || len(err.Error()) > 300 {
			t.Errorf("the error about a long record is %d octets long", len(err.Error()))
		}
	}
}

func FuzzParseKeyRecord(f *testing.F) {
	for _, txt := range []string{
		"v=DKIM1; k=rsa; p=" + rsaPublic, "v=DKIM1;k=ed25519;p=" + edPublic, "p=", "v=DKIM1; t=y:s; s=*; h=sha256; n=a b; p=AA==",
		"v=DKIM1; h=:; p=AAAA", "v=spf1 -all", ";", "=", "v=DKIM1; n= \t; p=" + edPublic,
	} {
		f.Add(txt)
	}
	f.Fuzz(func(t *testing.T, txt string) {
		got, err := dkim.ParseKeyRecord(txt)
		if err != nil {
			if problemOf(err) == "not a KeyError" {
				t.Fatalf("error of type %T", err)
			}
			return
		}
		again, err := dkim.ParseKeyRecord(got.String())
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("ParseKeyRecord(%q) = %+v, %v, want %+v", got.String(), again, err, got)
		}
	})
}
