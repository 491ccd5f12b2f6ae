package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/checker/mutants"
	"quorumlab/network/tcp/cluster"
	"quorumlab/protocols/hint"
)

// tortureFlags are the flags of `torture`.
type tortureFlags struct {
	dir      string
	duration time.Duration
	nodes    int
	protocol string
	clients  int
	rate     float64
	mutant   string
	seed     uint64
	faults   []string
	tick     time.Duration
	netns    bool
	replay   bool
	json     bool
}

// tortureReport is the JSON form of `torture --json`.
type tortureReport struct {
	Schema   int     `json:"schema"`
	Dir      string  `json:"dir"`
	Protocol string  `json:"protocol"`
	Nodes    int     `json:"nodes"`
	Clients  int     `json:"clients"`
	Seed     uint64  `json:"seed"`
	Mutant   string  `json:"mutant,omitempty"`
	Network  string  `json:"network"` // proxy or netns
	Seconds  float64 `json:"seconds"`
	// Struck counts the faults by kind; Kills, Partitions are sums over kinds.
	Struck     map[string]int `json:"struck"`
	Kills      int            `json:"kills"`
	Partitions int            `json:"partitions"`
	Skipped    []string       `json:"skipped"`
	// Exits are the ends of processes that nobody had ordered.
	Exits []string `json:"exits"`

	Operations int     `json:"operations"`
	OK         int     `json:"ok"`
	Failed     int     `json:"failed"`
	Unknown    int     `json:"unknown"`
	P50        float64 `json:"p50_ms"`
	P99        float64 `json:"p99_ms"`
	// FailOvers holds how long it took after each kill of a leader until a write
	// that began later was acknowledged, in milliseconds.
	FailOvers      []float64 `json:"fail_overs_ms"`
	FailOverMedian float64   `json:"fail_over_median_ms"`

	// Acknowledged writes of keys that are written once; Found of them were there
	// at the end, and Lost are the first of those that were not.
	Acknowledged int      `json:"acknowledged"`
	Found        int      `json:"found"`
	Lost         []string `json:"lost"`

	Verdict     string       `json:"verdict"` // of linearizability
	Explanation string       `json:"explanation,omitempty"`
	Replays     []nodeReplay `json:"replays"`
	History     string       `json:"history"`
	Held        bool         `json:"held"`
}

// nodeReplay is what became of executing a node's recorded events again.
type nodeReplay struct {
	Node  int    `json:"node"`
	Lives int    `json:"lives"`
	Steps uint64 `json:"steps"`
	File  string `json:"file"`
	Error string `json:"error,omitempty"`
	code  int
}

// newTorture makes `torture`: a real cluster under load and faults, judged.
func newTorture(l *lab) *cobra.Command {
	flags := tortureFlags{seed: 1}
	cmd := &cobra.Command{
		Use:   "torture --dir DIR",
		Short: "Strike a real cluster with faults, under load, and judge what its clients saw",
		Long: "Torture runs a cluster of processes in a folder, and clients that write and read. Meanwhile\n" +
			"it strikes: kill -9 of one node, of the leader, of all; pauses (SIGSTOP), partitions, cuts of\n" +
			"one direction, slow and broken connections, slow disks (which lose in a kill what was not\n" +
			"forced), full disks (as root), clocks that jump. At the end all is repaired, every acknowledged\n" +
			"write is looked for, the history is judged, and all that each node recorded is executed again.\n" +
			"With --netns the nodes have network namespaces of their own, and it is the kernel that cuts.\n\n" + exitCodes,
		Example: "  quorumlab torture --dir /tmp/t --duration 1m\n" +
			"  quorumlab torture --dir /tmp/t --mutant zab-ack-before-durable --duration 2m",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return l.torture(cmd.Context(), &flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.dir, "dir", "", "an empty or new `folder` for the cluster, its traces and the history")
	f.DurationVar(&flags.duration, "duration", time.Minute, "how long faults strike")
	f.IntVar(&flags.nodes, "nodes", 3, "`number` of nodes")
	f.StringVar(&flags.protocol, "protocol", "zab", "the `protocol`: zab or paxos")
	f.IntVar(&flags.clients, "clients", 8, "how many clients write and read")
	f.Float64Var(&flags.rate, "rate", 300, "about how many operations a second they begin in all")
	f.StringVar(&flags.mutant, "mutant", "", "run the nodes as this `mutant`")
	f.Uint64Var(&flags.seed, "seed", 1, "draws the faults and what the clients do; not what comes of it")
	f.StringSliceVar(&flags.faults, "faults", nil, "only these `kinds` of faults: "+strings.Join(tortureKinds(), ", "))
	f.DurationVar(&flags.tick, "tick", cluster.DefaultTick, "the unit of the protocol's time-outs")
	f.BoolVar(&flags.netns, "netns", false, "network namespaces in place of the proxy; needs root and ip")
	f.BoolVar(&flags.replay, "replay", true, "record all nodes, and execute at the end what they recorded")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	return cmd
}

// check completes the flags and says what is wrong with them.
func (f *tortureFlags) check() error {
	if f.mutant != "" {
		m, err := mutants.Lookup(f.mutant)
		if err != nil {
			return usage("", "%v", err)
		}
		if m.Protocol != "" {
			f.protocol = m.Protocol
		}
	}
	switch {
	case f.dir == "":
		return usage("quorumlab torture --dir /tmp/t", "torture needs --dir DIR")
	case f.duration <= 0:
		return usage("", "--duration %v: expected a time above 0", f.duration)
	case f.nodes < 1 || f.nodes > cluster.NodesMost:
		return usage("", "--nodes %d: expected 1 to %d", f.nodes, cluster.NodesMost)
	case f.clients < 1 || f.clients > 1000:
		return usage("", "--clients %d: expected 1 to 1000", f.clients)
	case f.rate <= 0:
		return usage("", "--rate %v: expected a number above 0", f.rate)
	case !slices.Contains(served(), f.protocol):
		return usage("", "no protocol %q can be served; %s", f.protocol, hint.For(f.protocol, served()))
	}
	for _, kind := range f.faults {
		if !slices.Contains(tortureKinds(), kind) {
			return usage("", "no kind of fault %q; %s", kind, hint.For(kind, tortureKinds()))
		}
	}
	var err error
	f.dir, err = filepath.Abs(f.dir)
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(f.dir); err == nil && len(entries) > 0 {
		return usage("use a new one: what a cluster kept is not what this run wrote", "%s is not empty", f.dir)
	}
	return nil
}

// tormented is one run of torture.
type tormented struct {
	flags   *tortureFlags
	lab     *lab
	report  *tortureReport
	cluster *cluster.Supervisor
	network tortureNetwork
	random  *rand.Rand
	began   time.Time
	clients *tortureClients
	options map[int]nodeOptions
	disks   map[int]*smallDisk
	// leaderKilled are the instants, since began, at which a leader was killed.
	leaderKilled []time.Duration
}

func (l *lab) torture(ctx context.Context, flags *tortureFlags) error {
	if err := flags.check(); err != nil {
		return err
	}
	t := &tormented{
		flags: flags, lab: l, random: rand.New(rand.NewPCG(flags.seed, 0)),
		options: map[int]nodeOptions{}, disks: map[int]*smallDisk{},
		report: &tortureReport{
			Schema: 1, Dir: flags.dir, Protocol: flags.protocol, Nodes: flags.nodes, Clients: flags.clients, Seed: flags.seed,
			Mutant: flags.mutant, Network: "proxy", Struck: map[string]int{}, Skipped: []string{}, Exits: []string{},
			FailOvers: []float64{}, Lost: []string{}, Replays: []nodeReplay{}, History: filepath.Join(flags.dir, "history.jsonl"),
		},
	}
	defer t.end()
	if err := t.start(ctx); err != nil {
		return err
	}
	t.strike(ctx)
	interrupted := ctx.Err() // what is known by then is judged all the same
	if err := t.settle(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := t.judge(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if flags.json {
		if err := l.json(t.report); err != nil {
			return err
		}
	} else {
		t.print()
	}
	if interrupted != nil {
		return interrupted
	}
	return finished(t.code())
}

// code returns the code to exit with.
func (t *tormented) code() int {
	r := t.report
	switch {
	case slices.ContainsFunc(r.Replays, func(n nodeReplay) bool { return n.code == exitInternal }):
		return exitInternal
	case !r.Held && r.Verdict == "unknown" && len(r.Lost) == 0:
		return exitInconclusive
	case !r.Held:
		return exitViolated
	}
	return exitHeld
}

// start starts the cluster, and the clients when it serves.
func (t *tormented) start(ctx context.Context) error {
	program, err := keepProgram(t.flags.dir)
	if err != nil {
		return err
	}
	if t.network, err = newTortureNetwork(t); err != nil {
		return err
	}
	for node := 1; node <= t.flags.nodes; node++ {
		t.prepareDisk(node)
	}
	t.cluster, err = cluster.Start(cluster.Options{
		Dir: t.flags.dir, Program: program, Arguments: []string{"serve", "--follow-stdin", "--config"},
		Nodes: t.flags.nodes, Protocol: t.flags.protocol, Tick: t.flags.tick,
		Command: t.command, Hosts: t.network.hosts(),
	})
	if err != nil {
		return failure(err)
	}
	if err := t.awaitAll(ctx, 30*time.Second); err != nil {
		return failure(fmt.Errorf("the cluster does not serve: %w", err))
	}
	t.began = time.Now()
	t.clients = newTortureClients(t)
	t.clients.start(ctx)
	return nil
}

// end takes away all that is not to be kept.
func (t *tormented) end() {
	if t.clients != nil {
		t.clients.stop()
	}
	if t.cluster != nil {
		t.cluster.Close()
	}
	if t.network != nil {
		t.network.close()
	}
	for _, disk := range t.disks {
		disk.remove()
	}
}

// print shows the result to people.
func (t *tormented) print() {
	r, out := t.report, t.lab.out
	fmt.Fprintf(out, "%d nodes of %s, %d clients, %.0f s, seed %d, network: %s\n", r.Nodes, r.Protocol, r.Clients, r.Seconds, r.Seed, r.Network)
	var struck []string
	for _, kind := range tortureKinds() {
		if n := r.Struck[kind]; n > 0 {
			struck = append(struck, fmt.Sprintf("%s %d", kind, n))
		}
	}
	fmt.Fprintf(out, "struck: %s; in all %d kills, %d partitions\n", strings.Join(struck, ", "), r.Kills, r.Partitions)
	for _, skipped := range r.Skipped {
		fmt.Fprintf(out, "skipped: %s\n", skipped)
	}
	for _, exit := range r.Exits {
		fmt.Fprintf(out, "ended by itself: %s\n", exit)
	}
	fmt.Fprintf(out, "operations: %d, of which %d answered, %d surely not done, %d of unknown fate; p50 %.1f ms, p99 %.1f ms\n",
		r.Operations, r.OK, r.Failed, r.Unknown, r.P50, r.P99)
	if len(r.FailOvers) > 0 {
		fmt.Fprintf(out, "fail-over: %d times, median %.0f ms\n", len(r.FailOvers), r.FailOverMedian)
	}
	mark := map[bool]string{true: "✓", false: "✗"}
	fmt.Fprintf(out, "%s acknowledged writes: %d, found: %d\n", mark[len(r.Lost) == 0], r.Acknowledged, r.Found)
	for _, lost := range r.Lost {
		fmt.Fprintf(out, "    lost: %s\n", lost)
	}
	fmt.Fprintf(out, "%s linearizable: %s\n", mark[r.Verdict == "holds"], r.Verdict)
	if r.Explanation != "" {
		paragraph(out, "    ", "    ", r.Explanation)
	}
	for _, n := range r.Replays {
		if n.Error != "" {
			fmt.Fprintf(out, "✗ node %d does not replay: %s\n", n.Node, n.Error)
			continue
		}
		fmt.Fprintf(out, "✓ node %d replays to the same effects: %d steps in %d lives\n", n.Node, n.Steps, n.Lives)
	}
	fmt.Fprintln(out, commandLine("linearize", "--model", "kv", r.History))
}

// paths of a node's files.
func (t *tormented) nodeFile(node int, name string) string {
	return filepath.Join(t.flags.dir, fmt.Sprintf("n%d", node), name)
}

// replayNodes executes again what the nodes recorded.
func (t *tormented) replayNodes(ctx context.Context) {
	for node := 1; node <= t.flags.nodes; node++ {
		name := t.nodeFile(node, nodeTraceName)
		n := nodeReplay{Node: node, File: name}
		err := func() error {
			file, err := os.Open(name)
			if err != nil {
				return err
			}
			defer file.Close()
			report, err := replayLives(ctx, io.Reader(file), nil)
			if err != nil {
				return inFile(name, err)
			}
			n.Lives, n.Steps = len(report.Lives), report.Steps
			return nil
		}()
		if err != nil {
			n.Error, n.code = err.Error(), codeOf(err)
			if errors.Is(err, os.ErrNotExist) {
				n.code = exitInternal
			}
		}
		t.report.Replays = append(t.report.Replays, n)
	}
}
