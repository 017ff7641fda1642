package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/myodai/myodai"
)

// startPostfix runs Postfix with a milter that signs, over a unix socket, as a
// relay to the sink; without one it signs nothing. It takes mail in without TLS
// and login, which spares it work that Myodai does.
func startPostfix(with milter) func(contest, string, *sink) (*peer, error) {
	return func(_ contest, dir string, s *sink) (*peer, error) {
		key, record, err := newKey()
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, "key.pem"), []byte(key), 0o600); err != nil {
			return nil, err
		}
		filter, err := with.start(dir)
		if err != nil {
			return nil, err
		}
		p, err := startMTA(dir, s, with.name != "")
		if err != nil {
			filter.end()
			return nil, err
		}
		stop := p.stop
		p.stop = func() { stop(); filter.end() }
		p.processes = append(p.processes, filter.processes...)
		p.key = func(myodai.Name) ([]string, error) { return []string{record}, nil }
		p.unsigned = with.name == ""
		return p, nil
	}
}

// startMTA runs Postfix itself.
func startMTA(dir string, s *sink, signs bool) (*peer, error) {
	owner, err := user.Lookup("postfix")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"etc", "queue", "data"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil { // #nosec G301 -- Postfix runs as others
			return nil, err
		}
	}
	if err := os.Chown(filepath.Join(dir, "data"), uid, gid); err != nil {
		return nil, err
	}
	files := map[string]string{
		"etc/main.cf":   mainCF(dir, s.address, signs),
		"etc/master.cf": strings.Replace(masterCF, "ADDRESS", address, 1),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"etc/main.cf", "etc/master.cf"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil { // #nosec G302 -- Postfix reads it as others
			return nil, err
		}
	}
	mta, err := begin(filepath.Join(dir, "postfix.log"), nil, find("postfix"), "-c", filepath.Join(dir, "etc"), "start-fg")
	if err != nil {
		return nil, err
	}
	stop := func() {
		_ = exec.Command(find("postfix"), "-c", filepath.Join(dir, "etc"), "stop").Run() // #nosec G204 -- ends what was begun
		end(mta)
	}
	if err := eventually("Postfix listens", func() bool { return listens(address) }); err != nil {
		stop()
		return nil, err
	}
	return &peer{submission: door{address: address}, processes: []int{mta.Process.Pid}, stop: stop}, nil
}

func listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	return c.Close() == nil
}

// newKey is a private key in PEM and its DKIM record.
func newKey() (text, record string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", "", err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", "", err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return string(block), "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// mainCF is Postfix as it comes, but for what a relay of this test needs, and
// for what kept it from being faster.
func mainCF(dir, sink string, signs bool) string {
	milters := ""
	if signs {
		milters = "unix:" + filepath.Join(dir, "milter.sock")
	}
	return fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
maillog_file = %[1]s/postfix.maillog
maillog_file_prefixes = %[1]s
relayhost = [%[2]s]:%[3]s
disable_dns_lookups = yes
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtp_tls_security_level = none
smtp_connection_cache_on_demand = yes
in_flow_delay = 0
default_destination_concurrency_limit = 40
initial_destination_concurrency = 20
smtpd_client_connection_count_limit = 100
smtpd_milters = %[4]s
milter_default_action = tempfail
`, dir, sink[:strings.LastIndexByte(sink, ':')], sink[strings.LastIndexByte(sink, ':')+1:], milters)
}

const masterCF = `ADDRESS inet  n - n - - smtpd
postlog    unix-dgram n - n - 1 postlogd
pickup     unix  n - n 60 1 pickup
cleanup    unix  n - n - 0 cleanup
qmgr       unix  n - n 300 1 qmgr
rewrite    unix  - - n - - trivial-rewrite
bounce     unix  - - n - 0 bounce
defer      unix  - - n - 0 bounce
trace      unix  - - n - 0 bounce
verify     unix  - - n - 1 verify
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n - - proxymap
smtp       unix  - - n - - smtp
relay      unix  - - n - - smtp
error      unix  - - n - - error
retry      unix  - - n - - error
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
`
