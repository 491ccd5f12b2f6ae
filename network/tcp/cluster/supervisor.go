package cluster

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"quorumlab/network/tcp"
	"quorumlab/network/tcp/proxy"
	"quorumlab/protocols"
)

// Options say what a Supervisor is to run.
type Options struct {
	// Dir is the folder of the cluster, absolute.
	Dir string
	// Program is what is started for each node, with Arguments and then the name of
	// its configuration file. It has to end when its standard input does.
	Program   string
	Arguments []string
	// Command, if not nil, makes the command of a node from what would be started
	// without it.
	Command func(id protocols.NodeID, program string, arguments []string) *exec.Cmd
	// Hosts, if not nil, holds the address of each node's own host. The nodes then
	// reach each other directly, and not through the Mesh.
	Hosts map[protocols.NodeID]string
	// Direct has the nodes reach each other directly where they share a host, too:
	// nothing can be cut then, and nothing stands between them.
	Direct bool
	// Nodes is how many there are.
	Nodes      int
	Protocol   string
	Parameters map[string]string
	Tick       time.Duration
	// Secure has the nodes show certificates to one another.
	Secure bool
	Log    *slog.Logger
}

// NodesMost is how many nodes a Supervisor runs at most.
const NodesMost = 9

// Supervisor runs the nodes of a cluster as processes.
type Supervisor struct {
	options Options
	layout  Layout
	mesh    *proxy.Mesh
	lock    io.Closer

	mu     sync.Mutex
	nodes  map[protocols.NodeID]*process
	closed bool
}

// process is a node's.
type process struct {
	id      protocols.NodeID
	command *exec.Cmd
	stdin   io.Closer
	log     *os.File
	done    chan struct{} // closed when it has ended
	// state is running, paused, killed or exited; last is what is known of its end.
	state string
	last  string
}

// Start starts a cluster in a folder: a new one, or that which is there.
func Start(options Options) (*Supervisor, error) {
	if options.Nodes < 1 || options.Nodes > NodesMost {
		return nil, fmt.Errorf("%d nodes: use 1 to %d", options.Nodes, NodesMost)
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(options.Dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := lockFile(filepath.Join(options.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("%s is in use by another supervisor: %w", options.Dir, err)
	}
	s := &Supervisor{options: options, lock: lock, nodes: map[protocols.NodeID]*process{}}
	if err := s.begin(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// begin sets up what is needed, and starts the nodes.
func (s *Supervisor) begin() error {
	var err error
	if s.layout, err = s.arrange(); err != nil {
		return err
	}
	targets := map[protocols.NodeID]string{}
	for _, node := range s.layout.Nodes {
		targets[node.ID] = node.Peers
	}
	if s.mesh, err = proxy.New(targets); err != nil {
		return err
	}
	if s.options.Secure {
		if err := s.certify(); err != nil {
			return err
		}
	}
	for _, node := range s.layout.Nodes {
		if err := s.configure(node); err != nil {
			return err
		}
		if err := s.Restart(node.ID); err != nil {
			return err
		}
	}
	return nil
}

// arrange takes over the layout that the folder has, or makes one.
func (s *Supervisor) arrange() (Layout, error) {
	o := s.options
	layout, err := ReadLayout(o.Dir)
	switch {
	case err == nil && (len(layout.Nodes) != o.Nodes || layout.Protocol != o.Protocol):
		return layout, fmt.Errorf("%s holds a cluster of %d nodes with %s, not of %d with %s; use another folder, or take its data away", o.Dir, len(layout.Nodes), layout.Protocol, o.Nodes, o.Protocol)
	case err == nil && (o.Hosts != nil || layout.free()):
		return layout, nil
	case err == nil:
		o.Log.Info("the addresses of the last time are taken; there are new ones")
	case !errors.Is(err, os.ErrNotExist):
		return layout, err
	}
	layout = Layout{Schema: 1, Cluster: "local", Protocol: o.Protocol}
	if o.Hosts != nil {
		layout.Nodes = onHosts(o.Hosts)
		return layout, layout.write(o.Dir)
	}
	addresses, err := addresses(o.Nodes)
	if err != nil {
		return layout, err
	}
	for i := range o.Nodes {
		layout.Nodes = append(layout.Nodes, NodeLayout{
			ID: protocols.NodeID(i + 1), Clients: addresses[3*i], Peers: addresses[3*i+1], Admin: addresses[3*i+2],
		})
	}
	return layout, layout.write(o.Dir)
}

// onHosts returns the addresses of nodes that have a host each.
func onHosts(hosts map[protocols.NodeID]string) []NodeLayout {
	var nodes []NodeLayout
	for _, id := range slices.Sorted(maps.Keys(hosts)) {
		at := func(offset int) string { return net.JoinHostPort(hosts[id], strconv.Itoa(firstPort+offset)) }
		nodes = append(nodes, NodeLayout{ID: id, Clients: at(0), Peers: at(100), Admin: at(200)})
	}
	return nodes
}

// firstPort is the port of node 1's clients, if it is free: node K has K-1 more; its
// peers' is 100 above, and its operators' 200.
const firstPort = 4101

// addresses returns three addresses a node that are free now: known ones, if they are,
// so that people can remember them.
func addresses(nodes int) ([]string, error) {
	var known, other []string
	var listeners []net.Listener
	defer func() {
		for _, listener := range listeners {
			listener.Close()
		}
	}()
	free := true
	for i := range nodes {
		for _, offset := range []int{0, 100, 200} {
			address := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+i+offset))
			known = append(known, address)
			listener, err := net.Listen("tcp", address)
			if err == nil {
				listeners = append(listeners, listener)
			}
			free = free && err == nil
			if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
				return nil, err
			}
			listeners = append(listeners, listener)
			other = append(other, listener.Addr().String())
		}
	}
	if free {
		return known, nil
	}
	return other, nil
}

// folder is where a node has its files.
func (s *Supervisor) folder(id protocols.NodeID) string {
	return filepath.Join(s.options.Dir, fmt.Sprintf("n%d", id))
}

// certify makes an authority and certificates, if there are none.
func (s *Supervisor) certify() error {
	dir := filepath.Join(s.options.Dir, "tls")
	if _, err := os.Stat(filepath.Join(dir, "ca.pem")); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	authority, err := tcp.NewAuthority(s.layout.Cluster)
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, node := range s.layout.Nodes {
		certificate, key, err := authority.Issue(node.ID)
		if err != nil {
			return err
		}
		files[fmt.Sprintf("n%d.pem", node.ID)], files[fmt.Sprintf("n%d.key", node.ID)] = certificate, key
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "ca.pem"), authority.PEM(), 0o600) // last: all is there
}

// configure writes a node's configuration. It reaches its peers through the mesh.
func (s *Supervisor) configure(node NodeLayout) error {
	dir := s.folder(node.ID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	c := Config{
		ID: node.ID, Cluster: s.layout.Cluster, Protocol: s.options.Protocol, Parameters: s.options.Parameters,
		Tick: s.options.Tick, Data: filepath.Join(dir, "data"), Peers: map[protocols.NodeID]string{},
		Listen: Listen{Peers: node.Peers, Clients: node.Clients, Admin: node.Admin},
	}
	for _, other := range s.layout.Nodes {
		if other.ID != node.ID {
			c.Peers[other.ID] = s.mesh.Address(node.ID, other.ID)
			if s.direct() {
				c.Peers[other.ID] = other.Peers
			}
		}
	}
	if s.options.Secure {
		file := func(name string) string { return filepath.Join(s.options.Dir, "tls", name) }
		c.TLS = &TLS{
			Certificate: file(fmt.Sprintf("n%d.pem", node.ID)), Key: file(fmt.Sprintf("n%d.key", node.ID)),
			Authority: file("ca.pem"),
		}
	}
	return c.Write(s.ConfigFile(node.ID))
}

// direct tells whether the nodes reach each other without the mesh.
func (s *Supervisor) direct() bool { return s.options.Direct || s.options.Hosts != nil }

// ConfigFile returns the name of a node's configuration.
func (s *Supervisor) ConfigFile(id protocols.NodeID) string {
	return filepath.Join(s.folder(id), "node.yaml")
}

// LogFile returns the name of a node's log.
func (s *Supervisor) LogFile(id protocols.NodeID) string { return filepath.Join(s.folder(id), "log") }

// Layout returns what the cluster is.
func (s *Supervisor) Layout() Layout { return s.layout }

// Mesh returns the network between the nodes.
func (s *Supervisor) Mesh() *proxy.Mesh { return s.mesh }

// Restart starts a node that does not run.
func (s *Supervisor) Restart(id protocols.NodeID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch p := s.nodes[id]; {
	case s.closed:
		return fmt.Errorf("the cluster is going down")
	case !s.has(id):
		return s.noNode(id)
	case p != nil && p.runs():
		return fmt.Errorf("node %d runs already", id)
	}
	log, err := os.OpenFile(s.LogFile(id), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	command := s.command(id)
	command.Stdout, command.Stderr = log, log
	detach(command)
	stdin, err := command.StdinPipe()
	if err == nil {
		err = start(command)
	}
	if err != nil {
		log.Close()
		return fmt.Errorf("node %d cannot be started: %w", id, err)
	}
	p := &process{id: id, command: command, stdin: stdin, log: log, done: make(chan struct{}), state: "running"}
	s.nodes[id] = p
	s.options.Log.Info("started", "node", id, "pid", command.Process.Pid)
	go s.watch(p)
	return nil
}

// command returns what is started for a node.
func (s *Supervisor) command(id protocols.NodeID) *exec.Cmd {
	arguments := append(slices.Clone(s.options.Arguments), s.ConfigFile(id))
	if s.options.Command != nil {
		return s.options.Command(id, s.options.Program, arguments)
	}
	return exec.Command(s.options.Program, arguments...)
}

func (p *process) runs() bool { return p.state == "running" || p.state == "paused" }

// has tells whether a node is one of the cluster.
func (s *Supervisor) has(id protocols.NodeID) bool {
	return slices.ContainsFunc(s.layout.Nodes, func(n NodeLayout) bool { return n.ID == id })
}

func (s *Supervisor) noNode(id protocols.NodeID) error {
	return fmt.Errorf("there is no node %d; there are 1 to %d", id, len(s.layout.Nodes))
}

// watch waits for the end of a process.
func (s *Supervisor) watch(p *process) {
	err := p.command.Wait()
	p.log.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	p.last = "exit status 0"
	if err != nil {
		p.last = err.Error()
	}
	if p.state != "killed" {
		p.state = "exited"
	}
	s.options.Log.Info("ended", "node", p.id, "state", p.state, "how", p.last)
	close(p.done)
}

// signal sends a signal to a node that runs.
func (s *Supervisor) signal(id protocols.NodeID, signal os.Signal, state string) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.nodes[id]
	switch {
	case p == nil:
		return nil, s.noNode(id)
	case !p.runs():
		return nil, fmt.Errorf("node %d does not run (%s)", id, p.state)
	}
	if err := p.command.Process.Signal(signal); err != nil {
		return nil, fmt.Errorf("node %d: %w", id, err)
	}
	p.state = state
	return p, nil
}

// Kill ends a node at once, as kill -9 does, and waits until it is gone.
func (s *Supervisor) Kill(id protocols.NodeID) error {
	p, err := s.signal(id, os.Kill, "killed")
	if err != nil {
		return err
	}
	<-p.done
	return nil
}

// Stop ends a node in good order, as SIGTERM does, and waits until it is gone.
func (s *Supervisor) Stop(id protocols.NodeID) error {
	s.Resume(id) // if it is paused
	p, err := s.signal(id, syscall.SIGTERM, "running")
	if err != nil {
		return err
	}
	<-p.done
	return nil
}

// Pause has a node stand still, as SIGSTOP does; Resume lets it go on.
func (s *Supervisor) Pause(id protocols.NodeID) error {
	_, err := s.signal(id, syscall.SIGSTOP, "paused")
	return err
}

// Resume ends Pause.
func (s *Supervisor) Resume(id protocols.NodeID) error {
	_, err := s.signal(id, syscall.SIGCONT, "running")
	return err
}

// ProcessStatus is what a Supervisor knows of a node.
type ProcessStatus struct {
	ID    protocols.NodeID `json:"id"`
	PID   int              `json:"pid,omitempty"`
	State string           `json:"state"`
	// Last is how it ended.
	Last string `json:"last,omitempty"`
}

// Status returns what is known of the nodes, in growing order.
func (s *Supervisor) Status() []ProcessStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []ProcessStatus
	for _, node := range s.layout.Nodes {
		status := ProcessStatus{ID: node.ID, State: "not started"}
		if p := s.nodes[node.ID]; p != nil {
			status.State, status.Last = p.state, p.last
			if p.runs() {
				status.PID = p.command.Process.Pid
			}
		}
		all = append(all, status)
	}
	return all
}

// stopWithin is how long nodes are given to stop in good order.
const stopWithin = 10 * time.Second

// Close stops all nodes, in good order if they can, and ends the network between
// them. A second Close does nothing.
func (s *Supervisor) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	var running []*process
	for _, p := range s.nodes {
		if p.runs() {
			running = append(running, p)
			p.command.Process.Signal(syscall.SIGCONT)
			p.command.Process.Signal(syscall.SIGTERM)
		}
	}
	s.mu.Unlock()
	limit := time.After(stopWithin)
	for _, p := range running {
		select {
		case <-p.done:
		case <-limit:
			limit = time.After(0)
			p.command.Process.Kill()
			<-p.done
		}
	}
	if s.mesh != nil {
		s.mesh.Close()
	}
	s.lock.Close()
}
