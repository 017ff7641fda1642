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

// startPostfix runs Postfix with OpenDKIM as its milter, over a unix socket, as
// a relay to the sink. It takes mail in without TLS and login, which spares it
// work that Myodai does.
func startPostfix(_ contest, dir string, s *sink) (*peer, error) {
	key, record, err := newKey()
	if err != nil {
		return nil, err
	}
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
		"key.pem":       key,
		"opendkim.conf": opendkimConf(dir),
		"etc/main.cf":   mainCF(dir, s.address),
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
	filter, err := begin(filepath.Join(dir, "opendkim.log"), find("opendkim"), "-f", "-x", filepath.Join(dir, "opendkim.conf"))
	if err != nil {
		return nil, err
	}
	mta, err := begin(filepath.Join(dir, "postfix.log"), find("postfix"), "-c", filepath.Join(dir, "etc"), "start-fg")
	if err != nil {
		end(filter)
		return nil, err
	}
	stop := func() {
		_ = exec.Command(find("postfix"), "-c", filepath.Join(dir, "etc"), "stop").Run() // #nosec G204 -- ends what was begun
		end(mta)
		end(filter)
	}
	if err := eventually("Postfix listens", func() bool { return listens(address) }); err != nil {
		stop()
		return nil, err
	}
	return &peer{
		submission: door{address: address}, processes: []int{mta.Process.Pid, filter.Process.Pid}, stop: stop,
		key: func(myodai.Name) ([]string, error) { return []string{record}, nil },
	}, nil
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

func opendkimConf(dir string) string {
	return fmt.Sprintf(`Mode s
Domain acme.example
Selector s1
KeyFile %[1]s/key.pem
Canonicalization relaxed/relaxed
Socket local:%[1]s/opendkim.sock
UMask 000
InternalHosts 0.0.0.0/0
RequireSafeKeys no
Syslog no
Background no
`, dir)
}

// mainCF is Postfix as it comes, but for what a relay of this test needs, and
// for what kept it from being faster.
func mainCF(dir, sink string) string {
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
smtpd_milters = unix:%[1]s/opendkim.sock
milter_default_action = tempfail
`, dir, sink[:strings.LastIndexByte(sink, ':')], sink[strings.LastIndexByte(sink, ':')+1:])
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
