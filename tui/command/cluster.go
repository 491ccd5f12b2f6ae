package command

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/network/tcp/cluster"
	"quorumlab/protocols"
	"quorumlab/protocols/hint"
)

// newCluster makes `cluster` with its verbs: a real cluster on this machine.
func newCluster(l *lab) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Run a real cluster on this machine, and strike it with faults",
		Long: "Cluster runs nodes as processes of their own, with all they keep in one folder. What they\n" +
			"send to one another goes through a proxy that can hold it up, so that partitions need no\n" +
			"privileges. The nodes end with `cluster down`, and when their supervisor does.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("", "no verb %q of cluster; %s", args[0], hint.For(args[0], verbs(cmd)))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newClusterUp(l), newClusterSupervise(l), newClusterStatus(l), newClusterDown(l),
		l.nodeVerb("kill", "Kill a node at once, as kill -9 does"),
		l.nodeVerb("stop", "Stop a node in good order"),
		l.nodeVerb("restart", "Start a node that was killed or stopped"),
		l.nodeVerb("pause", "Have a node stand still, as SIGSTOP does"),
		l.nodeVerb("resume", "Let a paused node go on"),
		newClusterPartition(l), newClusterCut(l), newClusterHeal(l),
	)
	return cmd
}

// clusterFlags are those of starting a cluster.
type clusterFlags struct {
	dir        string
	nodes      int
	protocol   string
	parameters []string
	tick       time.Duration
	secure     bool
	trace      bool
	direct     bool
	// given tells whether a flag was given to `cluster up`.
	given func(name string) bool
}

func (f *clusterFlags) add(cmd *cobra.Command) {
	dirFlag(cmd, &f.dir)
	cmd.Flags().IntVar(&f.nodes, "nodes", 3, "`number` of nodes")
	cmd.Flags().StringVar(&f.protocol, "protocol", "zab", "the `protocol`: zab or paxos")
	cmd.Flags().StringArrayVar(&f.parameters, "set", nil, "a `parameter=value` of the protocol; may be repeated")
	cmd.Flags().DurationVar(&f.tick, "tick", cluster.DefaultTick, "the unit of the protocol's time-outs")
	cmd.Flags().BoolVar(&f.trace, "trace", false, "have each node write all that it handles and does to DIR/nN/"+nodeTraceName)
	cmd.Flags().BoolVar(&f.direct, "direct", false, "have the nodes reach one another directly: faster, and nothing can be cut")
	cmd.Flags().BoolVar(&f.secure, "tls", false, "have the nodes show certificates to one another")
}

func dirFlag(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", "", "the cluster's `folder` (default: that of the last `cluster up`)")
}

// arguments returns the flags as they were given, for the supervisor.
func (f *clusterFlags) arguments(dir string) []string {
	arguments := []string{
		"--dir", dir, "--nodes", strconv.Itoa(f.nodes), "--protocol", f.protocol, "--tick", f.tick.String(),
		"--tls=" + strconv.FormatBool(f.secure), "--trace=" + strconv.FormatBool(f.trace),
		"--direct=" + strconv.FormatBool(f.direct),
	}
	for _, parameter := range f.parameters {
		arguments = append(arguments, "--set", parameter)
	}
	return arguments
}

// fit returns how the cluster that is up in a folder is another one than the flags that
// were given ask for.
func (f *clusterFlags) fit(dir string) error {
	layout, err := cluster.ReadLayout(dir)
	if err != nil {
		return err
	}
	if f.given("nodes") && f.nodes != len(layout.Nodes) || f.given("protocol") && f.protocol != layout.Protocol {
		return usage("use another folder, or take that one down and its data away",
			"%s has a cluster of %d nodes of %s, and it is up", dir, len(layout.Nodes), layout.Protocol)
	}
	return nil
}

// options returns what the supervisor is to run, or what is wrong with the flags.
func (f *clusterFlags) options(dir, program string) (cluster.Options, error) {
	o := cluster.Options{
		Dir: dir, Program: program, Arguments: []string{"serve", "--follow-stdin", "--config"}, Nodes: f.nodes,
		Protocol: f.protocol, Parameters: map[string]string{}, Tick: f.tick, Secure: f.secure, Direct: f.direct,
	}
	if f.trace {
		o.Command = func(id protocols.NodeID, program string, arguments []string) *exec.Cmd {
			return exec.Command(program, traced(dir, id, arguments)...)
		}
	}
	for _, parameter := range f.parameters {
		name, value, ok := strings.Cut(parameter, "=")
		if !ok {
			return o, usage("", "--set %s: use parameter=value", parameter)
		}
		o.Parameters[name] = value
	}
	if f.nodes < 1 || f.nodes > cluster.NodesMost {
		return o, usage("", "--nodes %d: use 1 to %d", f.nodes, cluster.NodesMost)
	}
	// What a node would refuse is told here, before there are any.
	_, _, err := serveProtocol(&cluster.Config{Protocol: o.Protocol, Parameters: o.Parameters})
	if problem, ok := errors.AsType[*cluster.Problem](err); ok {
		return o, usage(problem.Hint, "%s", problem.Message)
	}
	return o, err
}

// newClusterSupervise makes the verb that `cluster up` starts.
func newClusterSupervise(l *lab) *cobra.Command {
	var flags clusterFlags
	cmd := &cobra.Command{
		Use: "supervise", Short: "Run a cluster's nodes until told otherwise", Hidden: true, Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return l.supervise(cmd.Context(), flags.dir, filepath.Join(flags.dir, programName), &flags)
		},
	}
	flags.add(cmd)
	return cmd
}

func (l *lab) supervise(ctx context.Context, dir, program string, flags *clusterFlags) error {
	options, err := flags.options(dir, program)
	if err != nil {
		return err
	}
	options.Log = slog.New(slog.NewTextHandler(l.err, nil))
	s, err := cluster.Start(options)
	if err != nil {
		return failure(err)
	}
	defer s.Close()
	return failure(s.Serve(ctx))
}

// clusterDir returns the folder that is meant: that which is given, or that of the
// last cluster that was started.
func clusterDir(dir string) (string, error) {
	if dir != "" {
		return filepath.Abs(dir)
	}
	dir = rememberedCluster()
	if dir == "" {
		return "", usage("quorumlab cluster up --dir /tmp/q starts one", "which cluster? use --dir DIR")
	}
	if _, err := cluster.ReadLayout(dir); errors.Is(err, fs.ErrNotExist) {
		return "", usage("quorumlab cluster up --dir /tmp/q starts one", "which cluster? the last that was started, in %s, is gone; use --dir DIR", dir)
	}
	return dir, nil
}

// rememberedFile is where the folder of the last cluster is noted, "" if nowhere.
func rememberedFile() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, programName, "cluster")
}

func rememberCluster(dir string) {
	if name := rememberedFile(); name != "" && os.MkdirAll(filepath.Dir(name), 0o755) == nil {
		os.WriteFile(name, []byte(dir), 0o600) // a convenience: without it --dir is needed
	}
}

func rememberedCluster() string {
	dir, err := os.ReadFile(rememberedFile())
	if err != nil {
		return ""
	}
	return string(dir)
}

// order gives an order to the cluster that is meant.
func (l *lab) order(ctx context.Context, dir string, order cluster.Order) (string, cluster.Report, error) {
	dir, err := clusterDir(dir)
	if err != nil {
		return dir, cluster.Report{}, err
	}
	report, err := cluster.Send(ctx, dir, order)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = usage("quorumlab cluster up --dir "+quoteArgument(dir), "there is no cluster in %s", dir)
	case errors.Is(err, cluster.ErrDown):
		err = usage("quorumlab cluster up --dir "+quoteArgument(dir), "%v", err)
	}
	return dir, report, err
}

// newClusterDown makes `cluster down`.
func newClusterDown(l *lab) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use: "down", Short: "Stop a cluster in good order; its data stays", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := clusterDir(dir)
			if err != nil {
				return err
			}
			_, err = cluster.Send(cmd.Context(), dir, cluster.Order{Do: "down"})
			switch {
			case errors.Is(err, cluster.ErrDown):
				l.hint("the cluster in %s is down already", dir)
				return nil
			case errors.Is(err, fs.ErrNotExist):
				return usage("", "there is no cluster in %s", dir)
			case err == nil:
				l.hint("the cluster in %s is down; its data is kept", dir)
			}
			return err
		},
	}
	dirFlag(cmd, &dir)
	return cmd
}
