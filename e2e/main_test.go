package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// Everything here runs in a network and a mount namespace of its own: the hosts
// of the tests have addresses of their own on its loopback interface, the usual
// ports 25 and 53 are free, and nothing can leave.
const (
	insideVar = "MYODAI_E2E_INSIDE"
	binaryVar = "MYODAI_E2E_BINARY"
	pebbleVar = "MYODAI_E2E_PEBBLE"
)

// needed are the programs of others, and the Debian packages they come in.
var needed = map[string]string{
	"ip": "iproute2", "nsd": "nsd", "knotd": "knot", "unbound": "unbound", "postfix": "postfix",
	"opendkim": "opendkim", "opendmarc": "opendmarc", "unshare": "util-linux", "dig": "bind9-dnsutils",
	"chromium": "chromium", "strace": "strace", "mkfs.xfs": "xfsprogs", "mkfs.ext4": "e2fsprogs",
}

func TestMain(m *testing.M) {
	if os.Getenv(insideVar) != "" {
		os.Exit(inside(m))
	}
	if missing := missingParts(); missing != "" {
		fmt.Println("e2e: cannot run: " + missing)
		if os.Getenv("CI") == "true" {
			os.Exit(1)
		}
		fmt.Println("e2e: skipped")
		return
	}
	os.Exit(outside())
}

// missingParts says what keeps the tests from running here; "" for nothing.
func missingParts() string {
	if os.Geteuid() != 0 {
		return "network namespaces and Postfix need root"
	}
	var packages []string
	for program, pkg := range needed {
		if find(program) == "" {
			packages = append(packages, pkg)
		}
	}
	if len(packages) > 0 {
		return "please install the Debian packages " + strings.Join(packages, " ")
	}
	if err := run("unshare", "--net", "--mount", "--", "true"); err != nil {
		return "this container may not make network namespaces"
	}
	return ""
}

// find looks a program up where Debian puts servers, too.
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	for _, dir := range []string{"/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path
		}
	}
	return ""
}

// outside builds the program and runs this test binary again, inside.
func outside() int {
	dir, err := os.MkdirTemp("", "myodai-e2e-")
	if err != nil {
		fmt.Println("e2e:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "myodai")
	if err := run("go", "build", "-o", binary, "../cmd/myodai"); err != nil {
		fmt.Println("e2e: build:", err)
		return 1
	}
	dying := filepath.Join(dir, "myodai-crash")
	if err := run("go", "build", "-tags", "crash", "-o", dying, "../cmd/myodai"); err != nil {
		fmt.Println("e2e: build the program that dies:", err)
		return 1
	}
	pebble := filepath.Join(dir, "pebble")
	if err := run("go", "-C", "pebble", "build", "-o", pebble, "github.com/letsencrypt/pebble/v2/cmd/pebble"); err != nil {
		fmt.Println("e2e: build the certificate authority:", err)
		return 1
	}
	again := exec.Command("unshare", append([]string{"--net", "--mount", "--", os.Args[0]}, os.Args[1:]...)...)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.Env = append(os.Environ(), insideVar+"=1", binaryVar+"="+binary, pebbleVar+"="+pebble, crashVar+"="+dying)
	if err := again.Run(); err != nil {
		return 1
	}
	return 0
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// inside gives the namespace its addresses and its resolver, and runs the tests.
func inside(m *testing.M) int {
	commands := [][]string{{"ip", "link", "set", "lo", "up"}}
	for _, a := range slices.Concat([]string{rootAddress, platformAddress, receiverAddress, host1Address, host2Address, caAddress}, checkAddresses) {
		commands = append(commands, []string{"ip", "addr", "add", a + "/32", "dev", "lo"})
	}
	// Without this the kernel would send from the address it sends to, and no SPF
	// record would allow that.
	commands = append(commands, []string{"ip", "route", "change", "table", "local", "local", receiverAddress, "dev", "lo", "src", platformAddress})
	for _, c := range commands {
		if err := run(c[0], c[1:]...); err != nil {
			fmt.Println("e2e:", err)
			return 1
		}
	}
	conf, err := os.CreateTemp("", "resolv-")
	if err != nil {
		fmt.Println("e2e:", err)
		return 1
	}
	defer os.Remove(conf.Name())
	_, err = fmt.Fprintln(conf, "nameserver 127.0.0.1")
	if err == nil {
		err = conf.Close()
	}
	if err == nil {
		err = os.Chmod(conf.Name(), 0o644)
	}
	if err == nil {
		err = syscall.Mount(conf.Name(), "/etc/resolv.conf", "", syscall.MS_BIND, "")
	}
	if err != nil {
		fmt.Println("e2e: resolv.conf:", err)
		return 1
	}
	return m.Run()
}
