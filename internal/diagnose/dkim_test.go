package diagnose

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// publicRSA is the p= of an RSA key of the given size. The modulus has no known
// factors and needs none; seed tells keys apart.
func publicRSA(bits int, seed byte) string {
	n := make([]byte, bits/8)
	x := uint32(seed) + 7
	for i := range n {
		x = x*1664525 + 1013904223
		n[i] = byte(x >> 24)
	}
	n[0] |= 0x80
	n[len(n)-1] |= 1
	der, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537})
	if err != nil {
		panic(err) // a key we made ourselves
	}
	return base64.StdEncoding.EncodeToString(der)
}

// privateRSA is a PKCS #8 key by its beginning, which is all that is looked at.
func privateRSA() string {
	return base64.StdEncoding.EncodeToString(append([]byte{0x30, 0x82, 0x04, 0xbd, 0x02, 0x01, 0x00, 0x30, 0x0d},
		[]byte(strings.Repeat("secret", 40))...))
}

func txt(strs ...string) myodai.Record {
	rr := myodai.Record{Name: "s1._domainkey.kaisha.example", Type: myodai.TypeTXT}
	for _, s := range strs {
		s = strings.ReplaceAll(s, `\`, `\\`)
		rr.Strings = append(rr.Strings, s)
		rr.Data += s
	}
	return rr
}

var (
	planned = publicRSA(2048, 1)
	other   = publicRSA(2048, 2)
	wanted  = "v=DKIM1; k=rsa; p=" + planned
)

func TestKeyFlaws(t *testing.T) {
	ed := base64.StdEncoding.EncodeToString(make([]byte, ed25519.PublicKeySize))
	plus := strings.IndexByte(planned, '+')
	half := len(wanted) / 2
	for _, tt := range []struct {
		name    string
		records []myodai.Record
		want    string // "" for the usual one, "-" for unknown
		causes  []myodai.Cause
	}{
		{"as planned", []myodai.Record{txt(wanted)}, "", nil},
		{"in two strings", []myodai.Record{txt(wanted[:200], wanted[200:])}, "", nil},
		{"spelled otherwise", []myodai.Record{txt("v=DKIM1;p=" + planned + ";k=rsa;")}, "", nil},
		{"without v and k", []myodai.Record{txt("p=" + planned)}, "", nil},
		{"quotes around", []myodai.Record{txt(`"` + wanted + `"`)}, "", []myodai.Cause{DKIMTXTQuotesInside}},
		{"quotes in the middle", []myodai.Record{txt(`"` + wanted[:200] + `" "` + wanted[200:] + `"`)}, "", []myodai.Cause{DKIMTXTQuotesInside}},
		{"quotes, no plan", []myodai.Record{txt(`"` + wanted + `"`)}, "-", []myodai.Cause{DKIMTXTQuotesInside}},
		{"curly quotes", []myodai.Record{txt("\u201c" + wanted + "\u201d")}, "", []myodai.Cause{TXTSmartQuotes}},
		{"Japanese brackets", []myodai.Record{txt("「" + wanted + "」")}, "", []myodai.Cause{TXTSmartQuotes}},
		{"escaped semicolons", []myodai.Record{txt(strings.ReplaceAll(wanted, ";", `\;`))}, "", []myodai.Cause{TXTEscapedSemicolons}},
		{"cut at 255", []myodai.Record{txt(wanted[:255])}, "", []myodai.Cause{DKIMTXTTruncated255}},
		{"cut at 254", []myodai.Record{txt(wanted[:254])}, "", []myodai.Cause{DKIMTXTTruncated255}},
		{"cut at 256", []myodai.Record{txt(wanted[:255], wanted[255:256])}, "", []myodai.Cause{DKIMTXTTruncated255}},
		{"cut at 252", []myodai.Record{txt(wanted[:252])}, "", []myodai.Cause{DKIMPTruncated}},
		{"cut at 255, no plan", []myodai.Record{txt(wanted[:255])}, "-", []myodai.Cause{DKIMTXTTruncated255}},
		{"cut at the field of the panel", []myodai.Record{txt(wanted[:333])}, "", []myodai.Cause{DKIMTXTTruncated255}},
		{"last character lost", []myodai.Record{txt(wanted[:len(wanted)-1])}, "", []myodai.Cause{DKIMPTruncated}},
		{"beginning lost", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[6:])}, "", []myodai.Cause{DKIMPTruncated}},
		{"middle lost", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:100] + planned[140:])}, "", []myodai.Cause{DKIMPTruncated}},
		{"cut, no plan", []myodai.Record{txt(wanted[:258])}, "-", []myodai.Cause{DKIMPTruncated}},
		{"space in the key", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:60] + " " + planned[60:])}, "", []myodai.Cause{DKIMPWhitespace}},
		{"line end in the key", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:60] + "\n" + planned[60:])}, "", []myodai.Cause{DKIMPWhitespace}},
		{"hard space in the key", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:60] + "\u00a0" + planned[60:])}, "", []myodai.Cause{DKIMPWhitespace}},
		{"two records", []myodai.Record{txt(wanted[half:]), txt(wanted[:half])}, "", []myodai.Cause{DKIMTXTSplitRecords}},
		{"three records with quotes", []myodai.Record{txt(`"` + wanted[300:] + `"`), txt(`"` + wanted[:150] + `"`), txt(wanted[150:300])}, "", []myodai.Cause{DKIMTXTSplitRecords}},
		{"two records, no plan", []myodai.Record{txt(wanted[half:]), txt(wanted[:half])}, "-", []myodai.Cause{DKIMTXTSplitRecords}},
		{"strings turned around", []myodai.Record{txt(wanted[200:], wanted[:200])}, "", []myodai.Cause{DKIMTXTStringOrder}},
		{"strings overlap", []myodai.Record{txt(wanted[:200], wanted[190:])}, "", []myodai.Cause{DKIMTXTStringOverlap}},
		{"a character lost between strings", []myodai.Record{txt(wanted[:200], wanted[201:])}, "", []myodai.Cause{DKIMTXTStringOverlap}},
		{"p= again in the second string", []myodai.Record{txt(wanted[:200], "p="+wanted[200:])}, "", []myodai.Cause{DKIMTXTStringOverlap}},
		{"old key beside the new", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + other), txt(wanted)}, "", []myodai.Cause{DKIMMultipleRecords}},
		{"SPF beside the key", []myodai.Record{txt(wanted), txt("v=spf1 -all")}, "", []myodai.Cause{TXTValuesExchanged}},
		{"the other selector's key", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + publicRSA(2048, 9))}, "", []myodai.Cause{DKIMKeyOfOtherSelector}},
		{"a key nobody knows", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + other)}, "", []myodai.Cause{DKIMKeyMismatch}},
		{"plus became space", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + strings.ReplaceAll(planned, "+", " "))}, "", []myodai.Cause{DKIMBase64Corrupted}},
		{"one plus became space", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:plus] + " " + planned[plus+1:])}, "", []myodai.Cause{DKIMBase64Corrupted}},
		{"slash escaped", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + strings.ReplaceAll(planned, "/", `\/`))}, "", []myodai.Cause{DKIMBase64Corrupted}},
		{"one letter wrong", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:plus] + "z" + planned[plus+1:])}, "", []myodai.Cause{DKIMBase64Corrupted}},
		{"a letter too many", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:90] + "x" + planned[90:])}, "", []myodai.Cause{DKIMBase64Corrupted}},
		{"no base64, no plan", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:90] + "!" + planned[91:])}, "-", []myodai.Cause{DKIMBase64Corrupted}},
		{"lower case", []myodai.Record{txt(strings.ToLower(wanted))}, "", []myodai.Cause{DKIMBase64CaseChanged}},
		{"lower case, no plan", []myodai.Record{txt(strings.ToLower(wanted))}, "-", []myodai.Cause{DKIMBase64CaseChanged}},
		{"PEM", []myodai.Record{txt("v=DKIM1; k=rsa; p=-----BEGIN PUBLIC KEY-----" + planned + "-----END PUBLIC KEY-----")}, "", []myodai.Cause{DKIMPEMArmor}},
		{"private PEM", []myodai.Record{txt("-----BEGIN RSA PRIVATE KEY-----MIIE")}, "", []myodai.Cause{DKIMPrivateKeyPublished}},
		{"private key", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + privateRSA())}, "", []myodai.Cause{DKIMPrivateKeyPublished}},
		{"private key beside the right one", []myodai.Record{txt(wanted), txt("v=DKIM1; k=rsa; p=" + privateRSA())}, "", []myodai.Cause{DKIMPrivateKeyPublished}},
		{"p= forgotten", []myodai.Record{txt("v=DKIM1; k=rsa; " + planned)}, "", []myodai.Cause{DKIMPTagMissing}},
		{"the key alone", []myodai.Record{txt(planned)}, "", []myodai.Cause{DKIMPTagMissing}},
		{"p= forgotten, no plan", []myodai.Record{txt("v=DKIM1; k=rsa; " + planned)}, "-", []myodai.Cause{DKIMPTagMissing}},
		{"commas", []myodai.Record{txt("v=DKIM1, k=rsa, p=" + planned)}, "", []myodai.Cause{DKIMSyntax}},
		{"v= not first", []myodai.Record{txt("k=rsa; v=DKIM1; p=" + planned)}, "", []myodai.Cause{DKIMSyntax}},
		{"v=dkim1", []myodai.Record{txt("v=dkim1; k=rsa; p=" + planned)}, "", []myodai.Cause{DKIMSyntax}},
		{"full-width semicolons", []myodai.Record{txt("v=DKIM1；k=rsa；p=" + planned)}, "", []myodai.Cause{DKIMSyntax}},
		{"tag twice", []myodai.Record{txt("v=DKIM1; k=rsa; k=rsa; p=" + planned)}, "", []myodai.Cause{DKIMSyntax}},
		{"zone line", []myodai.Record{txt(`s1._domainkey IN TXT ( "v=DKIM1; k=rsa; " "p=` + planned + `" ) ; ----- DKIM key s1`)}, "", []myodai.Cause{ValueContainsZoneLine}},
		{"label of the manual", []myodai.Record{txt("Value: " + wanted)}, "", []myodai.Cause{ValueContainsZoneLine}},
		{"revoked", []myodai.Record{txt("v=DKIM1; k=rsa; p=")}, "", []myodai.Cause{DKIMRevoked}},
		{"testing", []myodai.Record{txt("v=DKIM1; k=rsa; t=y; p=" + planned)}, "", []myodai.Cause{DKIMTestingFlag}},
		{"512 bits", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + publicRSA(512, 1))}, "", []myodai.Cause{DKIMKeyTooShort}},
		{"1016 bits", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + publicRSA(1016, 1))}, "-", []myodai.Cause{DKIMKeyTooShort}},
		{"1024 bits", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + publicRSA(1024, 1))}, "v=DKIM1; k=rsa; p=" + publicRSA(1024, 1), []myodai.Cause{DKIMKey1024}},
		{"2040 bits", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + publicRSA(2040, 1))}, "-", []myodai.Cause{DKIMKey1024}},
		{"2048 bits, no plan", []myodai.Record{txt(wanted)}, "-", nil},
		{"SHA-1 only", []myodai.Record{txt("v=DKIM1; k=rsa; h=sha1; p=" + planned)}, "", []myodai.Cause{DKIMHSHA1Only}},
		{"SHA-1 and SHA-256", []myodai.Record{txt("v=DKIM1; k=rsa; h=sha1:sha256; p=" + planned)}, "", nil},
		{"for TLS reports", []myodai.Record{txt("v=DKIM1; k=rsa; s=tlsrpt; p=" + planned)}, "", []myodai.Cause{DKIMSNotEmail}},
		{"for mail and TLS reports", []myodai.Record{txt("v=DKIM1; k=rsa; s=email:tlsrpt; p=" + planned)}, "", nil},
		{"ed25519 with an RSA key", []myodai.Record{txt("v=DKIM1; k=ed25519; p=" + planned)}, "", []myodai.Cause{DKIMKMismatch}},
		{"rsa with an Ed25519 key", []myodai.Record{txt("v=DKIM1; k=rsa; p=" + ed)}, "v=DKIM1; k=ed25519; p=" + ed, []myodai.Cause{DKIMKMismatch}},
		{"k= nobody knows", []myodai.Record{txt("v=DKIM1; k=rsa-sha256; p=" + planned)}, "", []myodai.Cause{DKIMKMismatch}},
		{"strict flag", []myodai.Record{txt("v=DKIM1; k=rsa; t=s; p=" + planned)}, "", []myodai.Cause{DKIMTSWithSubdomain}},
		{"both flags", []myodai.Record{txt("v=DKIM1; k=rsa; t=y:s; p=" + planned)}, "", []myodai.Cause{DKIMTestingFlag, DKIMTSWithSubdomain}},
		{"SPF text", []myodai.Record{txt("v=spf1 include:_spf.plat.example ~all")}, "", []myodai.Cause{TXTValuesExchanged}},
		{"something else", []myodai.Record{txt("hello")}, "", []myodai.Cause{DKIMSyntax}},
		{"nothing", nil, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := keyPlan{want: tt.want, limit: 333, below: true, others: map[string]string{"s2": "v=DKIM1; k=rsa; p=" + publicRSA(2048, 9)}}
			switch tt.want {
			case "":
				p.want = wanted
			case "-":
				p.want = ""
			}
			checkCauses(t, keyFlaws(tt.records, p), tt.causes)
		})
	}
}

// TestStrictFlagOfPlainSignatures: t=s forbids identities below the domain
// (RFC 6376 §3.6.1), and who signs as the domain itself has none.
func TestStrictFlagOfPlainSignatures(t *testing.T) {
	checkCauses(t, keyFlaws([]myodai.Record{txt("v=DKIM1; k=rsa; t=s; p=" + planned)}, keyPlan{want: wanted}), nil)
}

// checkCauses compares causes in order, and that every flaw has something to
// show.
func checkCauses(t *testing.T, flaws []flaw, want []myodai.Cause) {
	t.Helper()
	var got []myodai.Cause
	for _, f := range flaws {
		got = append(got, f.cause)
		if _, ok := About(f.cause); !ok {
			t.Errorf("cause %q is not in the table", f.cause)
		}
		if f.args == nil {
			t.Errorf("%s has no arguments", f.cause)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("causes %v, want %v; flaws %+v", got, want, flaws)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("causes %v, want %v; flaws %+v", got, want, flaws)
		}
	}
}

func TestKeyFlawsSayWhereTheKeyDiffers(t *testing.T) {
	one := func(text string) flaw {
		t.Helper()
		flaws := keyFlaws([]myodai.Record{txt(text)}, keyPlan{want: wanted})
		if len(flaws) != 1 {
			t.Fatalf("keyFlaws(%q) = %+v, want one flaw", text, flaws)
		}
		return flaws[0]
	}
	f := one("v=DKIM1; k=rsa; p=" + planned[:80] + "!" + planned[81:])
	if f.args["n"] != "1" || f.args["pos"] != "81" || f.args["got"] != "!" || f.args["exp"] != planned[80:81] {
		t.Errorf("arguments = %v", f.args)
	}
	plus := strings.IndexByte(planned, '+')
	f = one("v=DKIM1; k=rsa; p=" + strings.ReplaceAll(planned, "+", " "))
	if f.args["got"] != " " || f.args["exp"] != "+" || f.args["pos"] != strconv.Itoa(plus+1) || f.args["n"] != strconv.Itoa(strings.Count(planned, "+")) {
		t.Errorf("arguments = %v", f.args)
	}
	f = one("v=DKIM1; k=rsa; p=" + planned[:300])
	if f.args["got"] != "300" || f.args["exp"] != strconv.Itoa(len(planned)) || f.args["end"] != "end" {
		t.Errorf("arguments = %v", f.args)
	}
	f = one("v=DKIM1; k=rsa; p=" + other)
	if f.args["fp"] == "" || f.args["fp"] == f.args["wfp"] || f.found == "" || f.expected != wanted {
		t.Errorf("flaw = %+v", f)
	}
}

// A white space that RFC 6376 allows does harm only at careless receivers; one it
// does not allow breaks the key.
func TestWhitespaceInKeys(t *testing.T) {
	for space, want := range map[string]myodai.Severity{" ": "", "\t": "", "\u3000": blocks, "\u00a0": blocks} {
		flaws := keyFlaws([]myodai.Record{txt("v=DKIM1; k=rsa; p=" + planned[:60] + space + planned[60:])}, keyPlan{want: wanted})
		if len(flaws) != 1 || flaws[0].cause != DKIMPWhitespace || flaws[0].severity != want {
			t.Errorf("with %q: %+v, want severity %q", space, flaws, want)
		}
	}
}

func FuzzKeyFlaws(f *testing.F) {
	f.Add(wanted, "", "")
	f.Add(wanted[:255], wanted[255:], "x")
	f.Add(`"`+wanted+`"`, "p=", "")
	f.Add("v=DKIM1; k=ed25519; p=", "t=y", "MIIEvQIBADAN")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		records := []myodai.Record{txt(a, b)}
		if c != "" {
			records = append(records, txt(c))
		}
		for _, want := range []string{wanted, ""} {
			for _, flaw := range keyFlaws(records, keyPlan{want: want, others: map[string]string{"s2": c}}) {
				if _, ok := About(flaw.cause); !ok {
					t.Errorf("cause %q is not in the table", flaw.cause)
				}
			}
		}
		if _, err := dkim.ParseKeyRecord(a + b); err == nil && c == "" && strings.Contains(a+b, planned) {
			for _, flaw := range keyFlaws(records, keyPlan{want: wanted}) {
				if flaw.cause == DKIMKeyMismatch && squeeze(publicOf(a+b), "") == planned {
					t.Errorf("%q holds the planned key and is called another", a+b)
				}
			}
		}
	})
}
