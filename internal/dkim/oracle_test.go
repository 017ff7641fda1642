package dkim_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/myodai/myodai"
	"github.com/myodai/myodai/internal/dkim"
)

// oracle finds a Python that has dkimpy, an implementation we share nothing
// with. Where there is none the test is skipped, but not in CI.
func oracle(t *testing.T) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		python := filepath.Join(dir, "python3")
		if exec.Command(python, "-c", "import dkim, nacl").Run() == nil {
			return python
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no python3 with dkim and nacl is installed")
	}
	t.Skip("no python3 with dkim and nacl is installed")
	return ""
}

// ask runs a script with the JSON of in as its input and gives its output.
func ask(t *testing.T, python, script string, in any) string {
	t.Helper()
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return string(out)
}

// TestOthersVerifyWhatWeSign is P24's "verifies elsewhere".
func TestOthersVerifyWhatWeSign(t *testing.T) {
	python := oracle(t)
	const script = `
import sys, json, base64, dkim
q = json.load(sys.stdin)
keys = q["keys"]
def dns(name, timeout=5):
    txt = keys.get(name.decode().rstrip("."))
    return txt.encode() if txt else None
for m in q["messages"]:
    d = dkim.DKIM(base64.b64decode(m))
    print(" ".join("pass" if d.verify(idx=i, dnsfunc=dns) else "fail" for i in range(2)))
`
	var messages []string
	for _, message := range []string{
		mail,
		"From: a@kaisha.example\r\n\r\n",
		"From: a@kaisha.example\r\n\r\n\r\n\r\n",
		"From: a@kaisha.example\r\n\r\n \r\n\t\r\n",
		"From: a@kaisha.example\r\n\r\na \t b\t\r\n\r\n\r\n c",
		"FROM:\r\n\ta@kaisha.example\r\nsubject:\ta \r\n \tb\r\nSubject: 2\r\nCc:\r\n\r\nx\r\n",
		"From: a@kaisha.example\r\n\r\n\xff\xe3\x81\x82\r\n" + strings.Repeat("x", 5000) + "\r\n",
	} {
		messages = append(messages, base64.StdEncoding.EncodeToString([]byte(sign(t, message, rsaSigner(), edSigner()))))
	}
	got := ask(t, python, script, map[string]any{
		"messages": messages,
		"keys": map[string]string{
			"s1-abcdefgh._domainkey.kaisha.example": dkim.KeyRecord(myodai.KeyRSA, dkim.Public(rsaKey())),
			"e1-abcdefgh._domainkey.kaisha.example": dkim.KeyRecord(myodai.KeyEd25519, dkim.Public(edKey)),
		},
	})
	if want := strings.Repeat("pass pass\n", len(messages)); got != want {
		t.Errorf("dkimpy says\n%swant\n%s", got, want)
	}
}

// TestWeVerifyWhatOthersSign covers what Sign never makes: simple
// canonicalization, mixtures, and l=.
func TestWeVerifyWhatOthersSign(t *testing.T) {
	python := oracle(t)
	const script = `
import sys, json, base64, dkim
q = json.load(sys.stdin)
m = base64.b64decode(q["message"])
out = []
for h in (b"simple", b"relaxed"):
    for b in (b"simple", b"relaxed"):
        for length in (False, True):
            sig = dkim.sign(m, b"s1-abcdefgh", b"kaisha.example", q["rsa"].encode(), canonicalize=(h, b), length=length)
            out.append(base64.b64encode(sig + m).decode())
        sig = dkim.sign(m, b"e1-abcdefgh", b"kaisha.example", q["ed"].encode(), canonicalize=(h, b), signature_algorithm=b"ed25519-sha256")
        out.append(base64.b64encode(sig + m).decode())
json.dump(out, sys.stdout)
`
	private := pem.EncodeToMemory(&pem.Block{
		Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey().(*rsa.PrivateKey)),
	})
	for _, message := range []string{mail, "From: a@kaisha.example\r\n\r\n", dinner, "From:  a@kaisha.example \r\nX-A:\ta\r\n\tb \r\n\r\na  \r\n b\t\tc\r\n\r\n\r\n"} {
		var signed []string
		out := ask(t, python, script, map[string]any{
			"message": base64.StdEncoding.EncodeToString([]byte(message)),
			"rsa":     string(private),
			"ed":      base64.StdEncoding.EncodeToString(edKey.Seed()),
		})
		if err := json.Unmarshal([]byte(out), &signed); err != nil {
			t.Fatal(err)
		}
		for _, s := range signed {
			raw, err := base64.StdEncoding.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			list := dkim.Verify(raw, zone([]dkim.Signer{rsaSigner(), edSigner()}, nil), signedAt.AddDate(100, 0, 0))
			if results(list) != "pass" {
				t.Errorf("Verify(\n%s\n) = %+v", raw, list)
			}
		}
	}
}
