package command

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"

	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

// tortureNetwork is the network between the nodes, which can be made to fail.
type tortureNetwork interface {
	// hosts are the addresses of the nodes' own hosts; nil: they share one.
	hosts() map[protocols.NodeID]string
	// command is what starts a node's process in its place.
	command(id protocols.NodeID, program string, arguments []string) *exec.Cmd
	cut(pairs []proxy.Pair) error
	// heal ends all cuts.
	heal() error
	// slow delays what goes some ways; 0 ends it.
	slow(delay time.Duration, pairs []proxy.Pair) error
	breakLink(a, b protocols.NodeID) error
	close()
}

func newTortureNetwork(t *tormented) (tortureNetwork, error) {
	if !t.flags.netns {
		return proxied{t}, nil
	}
	if why := namespacesMissing(); why != "" {
		t.report.Skipped = append(t.report.Skipped, "--netns: "+why+"; the proxy is used")
		t.lab.hint("--netns is skipped: %s", why)
		return proxied{t}, nil
	}
	t.report.Network = "netns"
	n, err := newNamespaces(t.flags.nodes)
	if err != nil {
		return nil, err
	}
	for _, lack := range n.probe() {
		t.report.Skipped = append(t.report.Skipped, lack)
		t.lab.hint("%s", lack)
	}
	return n, nil
}

// proxied is the proxy that the supervisor puts between the nodes.
type proxied struct{ torment *tormented }

func (proxied) hosts() map[protocols.NodeID]string { return nil }

func (proxied) command(_ protocols.NodeID, program string, arguments []string) *exec.Cmd {
	return exec.Command(program, arguments...)
}

func (p proxied) cut(pairs []proxy.Pair) error {
	p.torment.cluster.Mesh().Cut(pairs...)
	return nil
}

func (p proxied) heal() error {
	p.torment.cluster.Mesh().Heal()
	return nil
}

func (p proxied) slow(delay time.Duration, pairs []proxy.Pair) error {
	p.torment.cluster.Mesh().Slow(delay, pairs...)
	return nil
}

func (p proxied) breakLink(a, b protocols.NodeID) error {
	p.torment.cluster.Mesh().Break(a, b)
	return nil
}

func (proxied) close() {}

// namespaces gives each node a network namespace, joined by a bridge. The kernel
// drops what is cut: a route to nowhere in the namespace of who sends.
type namespaces struct {
	prefix string // of all names, at most 8 letters
	nodes  int
	blocks map[proxy.Pair]bool
	// shape makes the words for tc of a slow link, nil if it knows none here; kills
	// tells that ss can end a connection.
	shape func(delay time.Duration) []string
	kills bool
}

// subnet is where the namespaces are; the bridge has .254.
const subnet = "10.213.87."

// namespacesMissing says why there can be no namespaces here, "" if there can.
func namespacesMissing() string {
	if os.Geteuid() != 0 {
		return "it needs root"
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return "the program ip is missing (Debian: apt-get install iproute2)"
	}
	probe := fmt.Sprintf("qlp%d", os.Getpid()%100000)
	if err := ip("netns", "add", probe); err != nil {
		return "this machine makes no network namespaces: " + err.Error()
	}
	defer ip("netns", "delete", probe)
	if err := ip("link", "add", probe, "type", "bridge"); err != nil {
		return "this machine makes no bridges: " + err.Error()
	}
	ip("link", "delete", probe)
	return ""
}

// ip runs the program ip.
func ip(arguments ...string) error {
	out, err := exec.Command("ip", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func newNamespaces(nodes int) (*namespaces, error) {
	n := &namespaces{prefix: fmt.Sprintf("ql%d", os.Getpid()%100000), nodes: nodes, blocks: map[proxy.Pair]bool{}}
	steps := [][]string{
		{"link", "add", n.prefix, "type", "bridge"},
		{"address", "add", subnet + "254/24", "dev", n.prefix},
		{"link", "set", n.prefix, "up"},
	}
	for node := 1; node <= nodes; node++ {
		name, outer, inner := n.name(node), fmt.Sprintf("%sv%d", n.prefix, node), fmt.Sprintf("%sw%d", n.prefix, node)
		steps = append(
			steps, []string{"netns", "add", name},
			[]string{"link", "add", outer, "type", "veth", "peer", "name", inner},
			[]string{"link", "set", outer, "master", n.prefix, "up"},
			[]string{"link", "set", inner, "netns", name},
			[]string{"-n", name, "address", "add", n.host(node) + "/24", "dev", inner},
			[]string{"-n", name, "link", "set", inner, "up"},
			[]string{"-n", name, "link", "set", "lo", "up"},
		)
	}
	for _, step := range steps {
		if err := ip(step...); err != nil {
			n.close()
			return nil, failure(err)
		}
	}
	return n, nil
}

func (n *namespaces) name(node int) string { return fmt.Sprintf("%sn%d", n.prefix, node) }

func (n *namespaces) host(node int) string { return fmt.Sprint(subnet, node) }

func (n *namespaces) hosts() map[protocols.NodeID]string {
	hosts := map[protocols.NodeID]string{}
	for node := 1; node <= n.nodes; node++ {
		hosts[protocols.NodeID(node)] = n.host(node)
	}
	return hosts
}

func (n *namespaces) command(id protocols.NodeID, program string, arguments []string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", n.name(int(id)), program}, arguments...)...)
}

// block has who sends drop what goes to a node, or no longer.
func (n *namespaces) block(verb string, pair proxy.Pair) error {
	return ip("-n", n.name(int(pair.From)), "route", verb, "blackhole", n.host(int(pair.To))+"/32")
}

func (n *namespaces) cut(pairs []proxy.Pair) error {
	for _, pair := range pairs {
		if n.blocks[pair] {
			continue
		}
		if err := n.block("add", pair); err != nil {
			return err
		}
		n.blocks[pair] = true
	}
	return nil
}

func (n *namespaces) heal() error {
	var errs []error
	for pair := range n.blocks {
		errs = append(errs, n.block("delete", pair))
		delete(n.blocks, pair)
	}
	return errors.Join(errs...)
}

// slow delays all that the first node of the pairs sends.
func (n *namespaces) slow(delay time.Duration, pairs []proxy.Pair) error {
	if len(pairs) == 0 {
		return nil
	}
	if n.shape == nil {
		return fmt.Errorf("%w: the kernel has no queue that delays", errSkip)
	}
	node := int(pairs[0].From)
	if delay == 0 {
		return n.queue(node, "delete")
	}
	return n.queue(node, "replace", n.shape(delay)...)
}

// queue sets how a node's host queues what it sends.
func (n *namespaces) queue(node int, verb string, words ...string) error {
	device := fmt.Sprintf("%sw%d", n.prefix, node)
	return ip(append([]string{"netns", "exec", n.name(node), "tc", "qdisc", verb, "dev", device, "root"}, words...)...)
}

// The ways to make a link slow: to delay what it carries, or, where the kernel cannot,
// to make it so narrow that it queues, and drops what would wait for longer.
func delayed(delay time.Duration) []string { return []string{"netem", "delay", delay.String()} }

func narrow(delay time.Duration) []string {
	return []string{"tbf", "rate", "1mbit", "burst", "2000", "latency", delay.String()}
}

// probe finds out what the kernel can do to links, and returns what it cannot.
func (n *namespaces) probe() (lacks []string) {
	var errs []error
	for _, shape := range []func(time.Duration) []string{delayed, narrow} {
		if err := n.queue(1, "replace", shape(100*time.Millisecond)...); err != nil {
			errs = append(errs, err)
			continue
		}
		n.shape = shape
		n.queue(1, "delete")
		break
	}
	switch {
	case n.shape == nil:
		lacks = append(lacks, fmt.Sprintf("--netns: flaky: links cannot be made slow: %v", errors.Join(errs...)))
	case len(errs) > 0:
		lacks = append(lacks, "--netns: flaky: the kernel has no netem; links are made narrow instead (tbf)")
	}
	err := killsConnections()
	if n.kills = err == nil; !n.kills {
		lacks = append(lacks, fmt.Sprintf("--netns: break: ss cannot end connections: %v", err))
	}
	return lacks
}

// killsConnections tries whether ss ends a connection.
func killsConnections() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	defer conn.Close()
	out, err := exec.Command("ss", "--kill", "--tcp", "dst", listener.Addr().String()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	conn.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		return errors.New("the kernel does not do it")
	}
	return nil
}

// breakLink ends all connections of two nodes, as a firewall does that is reset.
func (n *namespaces) breakLink(a, b protocols.NodeID) error {
	if !n.kills {
		return fmt.Errorf("%w: ss cannot end connections here", errSkip)
	}
	return ip("netns", "exec", n.name(int(a)), "ss", "--kill", "--tcp", "dst", n.host(int(b)))
}

// close takes away all that can be; what is not there was not made.
func (n *namespaces) close() {
	for node := 1; node <= n.nodes; node++ {
		ip("link", "delete", fmt.Sprintf("%sv%d", n.prefix, node))
		ip("netns", "delete", n.name(node))
	}
	ip("link", "delete", n.prefix)
}
