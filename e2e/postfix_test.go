package e2e

import (
	"net"
	"os"
	"os/user"
	"strconv"
	"testing"
)

// runPostfix runs a Postfix of its own that listens at address, with the given
// settings beside those that keep it apart from others. It logs to NAME.log.
func (w *world) runPostfix(t *testing.T, name, address, settings string) {
	t.Helper()
	host, _, err := net.SplitHostPort(address)
	check(t, err)
	owner, err := user.Lookup("postfix")
	check(t, err)
	uid, _ := strconv.Atoi(owner.Uid)
	gid, _ := strconv.Atoi(owner.Gid)
	for _, d := range []string{name + "-queue", name + "-data"} {
		check(t, os.MkdirAll(w.path(d), 0o755))
	}
	check(t, os.Chown(w.path(name+"-data"), uid, gid))
	w.write(t, name+"/main.cf", `compatibility_level = 3.6
queue_directory = `+w.path(name+"-queue")+`
data_directory = `+w.path(name+"-data")+`
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_protocols = ipv4
inet_interfaces = `+host+`
maillog_file = /dev/stdout
smtpd_client_connection_rate_limit = 0
`+settings)
	w.write(t, name+"/master.cf", address+` inet  n - n - - smtpd
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
discard    unix  - - n - - discard
virtual    unix  - n n - - virtual
nobody     unix  - n n - - pipe user=nobody argv=/bin/sh -c {exit 67}
anvil      unix  - - n - 1 anvil
scache     unix  - - n - 1 scache
tlsmgr     unix  - - n 1000? 1 tlsmgr
`)
	w.start(t, name, find("postfix"), "-c", w.path(name), "start-fg")
	t.Cleanup(func() { _ = run(find("postfix"), "-c", w.path(name), "stop") })
	waitTCP(t, address)
}
