package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/network/durable"
	"quorumlab/network/tcp"
	"quorumlab/network/tcp/cluster"
	"quorumlab/network/tcp/door"
	"quorumlab/protocols"
	"quorumlab/protocols/catalog"
	"quorumlab/protocols/hint"
	"quorumlab/sim/trace"
)

// newServe makes `serve`: one real node.
func newServe(l *lab) *cobra.Command {
	var file string
	var options serveOptions
	var follow bool
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Run one node of a real cluster: on TCP, with a disk",
		Long: "Serve runs one node until SIGTERM or SIGINT, and then stops it in good order; it passes\n" +
			"over SIGHUP. If its disk fails, or the node halts because of what it finds there, it ends by\n" +
			"itself and says why. Clients talk to it in HTTP and JSON, or in frames of binary (`quorumlab kv` does;\n" +
			"`go doc ./network/tcp/door` tells of both). At the admin address are\n" +
			"/healthz, /readyz, /metrics for Prometheus and /debug/pprof.\n\n" +
			"The configuration file:\n\n" + serveExample,
		Example: "  quorumlab serve --config node1.yaml",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" {
				return usage(helpHint(cmd), "serve needs --config FILE")
			}
			config, err := cluster.Read(file)
			if _, placed := errors.AsType[*cluster.Problem](err); err != nil && !placed {
				return fileError(file, err)
			}
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			if follow {
				ctx = following(ctx, l.in)
			}
			return l.serve(ctx, config, options)
		},
	}
	cmd.Flags().StringVar(&file, "config", "", "the node's configuration `file`")
	options.add(cmd)
	cmd.Flags().BoolVar(&follow, "follow-stdin", false, "stop when the standard input ends")
	cmd.Flags().MarkHidden("follow-stdin")
	return cmd
}

const serveExample = `  id: 1
  cluster: my-cluster          # the same at all nodes
  protocol: zab                # or paxos
  parameters: {syncLimit: 5}   # see: quorumlab list protocols
  tick: 100ms                  # the unit of time-outs
  data: /var/lib/quorumlab
  peers: {2: "10.0.0.2:4201", 3: "10.0.0.3:4201"}
  listen: {peers: "10.0.0.1:4201", clients: ":4101", admin: "127.0.0.1:4301"}
  tls: {certificate: node.pem, key: node.key, authority: ca.pem}   # between nodes; read
                               # again when they change; the DNS name is node-1.my-cluster
  log: {level: info, format: json}
  limits: {frame: 16MiB, queue: 64MiB, mailbox: 16MiB,   # of bytes between nodes: in a
                               # message, waiting for a peer, waiting for the node
           requests: 4096, requestBytes: 64MiB, strangers: 64}   # of clients under way, and
                               # their bytes; connections that have yet to say who they are`

// following returns a context that ends when a reader does.
func following(ctx context.Context, in io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx
}

// serve runs a node until the context ends or the node does.
func (l *lab) serve(ctx context.Context, config *cluster.Config, options serveOptions) error {
	durable.SettleMalloc()
	paceCollector()
	log := newLog(l.err, config.Log).With("node", config.ID)
	s := &server{config: config, options: options, log: log}
	defer s.close()
	if err := s.open(); err != nil {
		return err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	log.Info("serving", "protocol", config.Protocol, "clients", s.clients.Addr().String(), "peers", config.Listen.Peers, "data", config.Data)
	for {
		select {
		case <-hangups: // whoever tends daemons sends it to have files read again
			log.Info("hangup: certificates are read again whenever they change; for anything else restart the node")
		case <-ctx.Done():
			log.Info("stopping")
			s.drain()
			err := s.driver.Close()
			log.Info("stopped", "error", err)
			return failure(err)
		case <-s.driver.Done():
			err := s.driver.Err()
			log.Error("the node has stopped", "error", err)
			return failure(err)
		case err := <-s.failed:
			log.Error("a door has closed", "error", err)
			return failure(err)
		}
	}
}

// failure is the error of a node that had to stop: nothing is wrong with the program,
// nor with how it was called.
func failure(err error) error {
	if err == nil {
		return nil
	}
	return &exit{code: exitViolated, err: err}
}

// newLog returns a log as the configuration wants it.
func newLog(w io.Writer, config cluster.Log) *slog.Logger {
	var level slog.Level
	if config.Level != "" {
		level.UnmarshalText([]byte(config.Level)) // it was checked
	}
	options := &slog.HandlerOptions{Level: level}
	if config.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// served are the protocols that replicate one state machine at all nodes.
func served() []string { return []string{"zab", "paxos"} }

// server is a node with all its doors.
type server struct {
	config  *cluster.Config
	options serveOptions
	log     *slog.Logger
	driver  *tcp.Driver
	door    *door.Door
	clients net.Listener
	servers []*http.Server
	closers []io.Closer
	failed  chan error
}

// open starts the node, and then opens its doors.
func (s *server) open() error {
	c := s.config
	s.failed = make(chan error, 2)
	protocol, parameters, err := serveProtocol(c)
	if err != nil {
		return err
	}
	live := trace.Live{
		Cluster: c.Cluster, Protocol: c.Protocol, Self: c.ID, Nodes: c.Nodes(), Machine: "journal", Tick: c.Tick, Parameters: parameters,
	}
	node, err := liveNode(&live, s.options.mutant)
	if err != nil {
		return c.Wrong(parameterPath(c, err), "", "%v", err)
	}
	codec, err := liveCodec()
	if err != nil {
		return internal(err)
	}
	s.door = door.New(door.Config{
		ID: c.ID, Cluster: c.Cluster, Protocol: c.Protocol, StaleReads: parameters["reads"] == "local", Log: s.log, RequestBytes: c.DriverLimits().RequestBytes,
	})
	driver := tcp.Config{
		Cluster: c.Cluster, Format: protocol.Name, Self: c.ID, Peers: c.Peers, Links: protocol.Links,
		Node: node, Codec: codec, Observe: []func(tcp.Step){s.door.Observe}, Settled: s.door.Settled, Log: s.log, Clock: s.options.clock(), Limits: c.DriverLimits(),
		Disk: durable.New(c.Data, durable.Options{
			Codec: codec, Hold: s.options.hold, Identity: fmt.Sprintf("%s node %d, %s", c.Cluster, c.ID, protocol.Name),
			Forced: func(took time.Duration, _, _ int) { s.door.ObserveFsync(took) },
		}),
	}
	if s.options.trace != "" {
		if err := s.keepDiary(&driver, live); err != nil {
			return err
		}
	}
	if c.TLS != nil {
		if driver.TLS, err = tcp.NewIdentity(c.TLS.Certificate, c.TLS.Key, c.TLS.Authority, s.log); err != nil {
			return c.Wrong("$.tls", "files in PEM; a relative name is seen from where the program was started", "%v", err)
		}
	}
	if err := s.listen(&driver); err != nil {
		return err
	}
	if s.driver, err = tcp.Start(driver); err != nil {
		return failure(err)
	}
	s.closers = append(s.closers, closer(s.driver.Close))
	s.door.Open(s.driver)
	return nil
}

type closer func() error

func (c closer) Close() error { return c() }

// serveProtocol returns the protocol that a configuration names, with all parameters.
func serveProtocol(c *cluster.Config) (protocols.Protocol, map[string]string, error) {
	protocol, err := catalog.Lookup(c.Protocol)
	if known := served(); err != nil || c.Protocol != known[0] && c.Protocol != known[1] {
		return protocol, nil, c.Wrong("$.protocol", hint.For(c.Protocol, known), "no protocol %q can be served", c.Protocol)
	}
	parameters, err := catalog.Parameters(protocol, c.Parameters)
	if err != nil {
		return protocol, nil, c.Wrong(parameterPath(c, err), "", "%v", err)
	}
	return protocol, parameters, nil
}

// parameterPath returns where the parameter is that an error names.
func parameterPath(c *cluster.Config, err error) string {
	for _, name := range slices.Sorted(maps.Keys(c.Parameters)) {
		if strings.Contains(err.Error(), name) {
			return "$.parameters." + name
		}
	}
	return "$.parameters"
}

// listen opens all ports. The doors answer at once, that the node is starting.
func (s *server) listen(driver *tcp.Config) error {
	c := s.config
	open := func(path, address string) (net.Listener, error) {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			_, port, _ := net.SplitHostPort(address)
			return nil, c.Wrong(path, "ss -ltnp 'sport = :"+port+"' tells who listens there", "%v", err)
		}
		s.closers = append(s.closers, listener)
		return listener, nil
	}
	var err error
	if c.Listen.Peers != "" {
		if driver.Listener, err = open("$.listen.peers", c.Listen.Peers); err != nil {
			return err
		}
	}
	if s.clients, err = open("$.listen.clients", c.Listen.Clients); err != nil {
		return err
	}
	s.run(s.clients, s.door.Clients())
	if c.Listen.Admin == "" {
		return nil
	}
	admin, err := open("$.listen.admin", c.Listen.Admin)
	if err == nil {
		s.run(admin, s.door.Admin())
	}
	return err
}

// The bounds of an HTTP connection: of a request's headers, of its body, and of idling.
const (
	headerWithin = 5 * time.Second
	bodyWithin   = 30 * time.Second
	idleWithin   = 2 * time.Minute
	drainWithin  = 3 * time.Second
)

// connectionsMost is how many connections a door has at once. More wait, in the
// system's queue, until one ends.
const connectionsMost = 4096

// run serves a door.
func (s *server) run(listener net.Listener, handler http.Handler) {
	listener = tcp.LimitListener(listener, connectionsMost)
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerWithin, ReadTimeout: bodyWithin, IdleTimeout: idleWithin,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	s.servers = append(s.servers, server)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
}

// drain lets requests under way be answered, for a while, and takes no new ones.
func (s *server) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), drainWithin)
	defer cancel()
	var all sync.WaitGroup
	for _, server := range s.servers {
		all.Go(func() { server.Shutdown(ctx) })
	}
	all.Go(func() { s.door.Drain(ctx) })
	all.Wait()
}

// close closes everything that is open, the last first.
func (s *server) close() {
	for _, server := range s.servers {
		server.Close()
	}
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i].Close()
	}
}
