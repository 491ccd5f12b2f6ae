package command

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/network/tcp/cluster"
	"quorumlab/network/tcp/door"
	"quorumlab/network/tcp/load"
	"quorumlab/protocols/machine"
)

// benchKVFlags are the flags of `bench kv`.
type benchKVFlags struct {
	dir              string
	clients, keys    int
	bytes, reads     int
	rate             float64
	requests         uint64
	duration, warmup time.Duration
	json             bool
}

// kvReport is the JSON form of `bench kv --json`.
type kvReport struct {
	Schema   int     `json:"schema"`
	Go       string  `json:"go"`
	System   string  `json:"system"` // os/arch
	Cores    int     `json:"cores"`
	Protocol string  `json:"protocol"`
	Nodes    int     `json:"nodes"`
	Clients  int     `json:"clients"`
	Keys     int     `json:"keys"`
	Bytes    int     `json:"value_bytes"`
	Reads    int     `json:"reads_percent"`
	Runs     []kvRun `json:"runs"`
}

// kvRun is what one way of putting the load on came to. Times are in milliseconds.
type kvRun struct {
	Loop string `json:"loop"` // closed or open
	// Rate is how many requests a second were due in an open loop.
	Rate    float64 `json:"rate,omitempty"`
	Seconds float64 `json:"seconds"`
	Done    uint64  `json:"done"`
	Failed  uint64  `json:"failed"`
	// Late is how many were due and not sent when the time was up.
	Late      uint64  `json:"late"`
	PerSecond float64 `json:"per_second"`
	// WritesPerSecond is the share of writes of it.
	WritesPerSecond float64 `json:"writes_per_second"`
	P50             float64 `json:"p50_ms"`
	P90             float64 `json:"p90_ms"`
	P99             float64 `json:"p99_ms"`
	P999            float64 `json:"p999_ms"`
	Max             float64 `json:"max_ms"`
	// ProcessorNodes and ProcessorLoad are the processor time of a request, in
	// microseconds, of all nodes on this machine and of this program; 0 if it is
	// not known.
	ProcessorNodes float64 `json:"nodes_processor_us"`
	ProcessorLoad  float64 `json:"load_processor_us"`
	// Resident is the largest resident memory of a node afterwards, in bytes; 0 if
	// it is not known.
	Resident int64 `json:"resident_bytes_most"`
}

// newBenchKV makes `bench kv`: the speed of a real cluster.
func newBenchKV(l *lab) *cobra.Command {
	var flags benchKVFlags
	cmd := &cobra.Command{
		Use:   "kv",
		Short: "Measure a real cluster: durable writes a second, and how long they take",
		Long: "Bench kv puts load on a cluster that is up. Without --rate it is a closed loop: each client\n" +
			"asks, waits and asks again, which finds how much can be done. With --rate requests are due\n" +
			"at that rate, whatever became of those before, and the time of each counts from the instant\n" +
			"at which it was due: a cluster that stands still for a second shows in the percentiles, though\n" +
			"nobody asked it anything meanwhile. All writes are on the disks of a majority when they are\n" +
			"answered.",
		Example: "  quorumlab cluster up --dir /tmp/q\n  quorumlab bench kv --clients 64\n  quorumlab bench kv --rate 1000 --json",
		Args:    noArguments,
		RunE:    func(cmd *cobra.Command, _ []string) error { return l.benchKV(cmd.Context(), &flags) },
	}
	dirFlag(cmd, &flags.dir)
	f := cmd.Flags()
	f.IntVar(&flags.clients, "clients", 64, "how many requests can be under way at once")
	f.Float64Var(&flags.rate, "rate", 0, "an open loop: so many requests are due each second")
	f.IntVar(&flags.keys, "keys", 640, "how many `keys` are used")
	f.IntVar(&flags.bytes, "bytes", 100, "`bytes` of a value")
	f.IntVar(&flags.reads, "reads", 0, "`percent` of the requests that are linearizable reads")
	f.Uint64Var(&flags.requests, "requests", 0, "end after so many requests; 0: only when the time is up")
	f.DurationVar(&flags.warmup, "warmup", 3*time.Second, "how long before anything is measured")
	f.DurationVar(&flags.duration, "duration", 10*time.Second, "how long it is measured")
	f.BoolVar(&flags.json, "json", false, "print one JSON object")
	return cmd
}

func (f *benchKVFlags) check() error {
	switch {
	case f.clients < 1 || f.clients > 10_000:
		return usage("", "--clients %d: expected 1 to 10000", f.clients)
	case f.rate < 0:
		return usage("", "--rate %v: expected a number that is not negative", f.rate)
	case f.keys < 1:
		return usage("", "--keys %d: expected a number from 1", f.keys)
	case f.bytes < 0 || f.bytes > door.ValueMost:
		return usage("", "--bytes %d: expected 0 to %d", f.bytes, door.ValueMost)
	case f.reads < 0 || f.reads > 100:
		return usage("", "--reads %d: expected 0 to 100", f.reads)
	case f.duration <= 0 || f.warmup < 0:
		return usage("", "--duration %v, --warmup %v: expected times that are not negative", f.duration, f.warmup)
	}
	return nil
}

func (l *lab) benchKV(ctx context.Context, flags *benchKVFlags) error {
	if err := flags.check(); err != nil {
		return err
	}
	dir, err := clusterDir(flags.dir)
	if err != nil {
		return err
	}
	layout, err := cluster.ReadLayout(dir)
	if err != nil {
		return usage("quorumlab cluster up --dir "+dir, "there is no cluster in %s: %v", dir, err)
	}
	report := kvReport{
		Schema: 1, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.GOMAXPROCS(0),
		Protocol: layout.Protocol, Nodes: len(layout.Nodes), Clients: flags.clients, Keys: flags.keys, Bytes: flags.bytes, Reads: flags.reads,
	}
	run, err := measureKV(ctx, dir, layout, flags)
	if err != nil {
		return err
	}
	report.Runs = append(report.Runs, *run)
	if flags.json {
		return l.json(report)
	}
	l.printKV(&report)
	return ctx.Err()
}

// measureKV puts the load on. Each client has a session of its own, and a node that
// it asks first.
func measureKV(ctx context.Context, dir string, layout cluster.Layout, flags *benchKVFlags) (*kvRun, error) {
	clients := make([]*door.Client, flags.clients)
	for i := range clients {
		clients[i] = door.NewClient(layout.Doors(), door.ClientOptions{First: i})
		defer clients[i].Close()
		opening, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := clients[i].Session(opening)
		cancel()
		if err != nil {
			return nil, failure(fmt.Errorf("the cluster does not answer: %w", err))
		}
	}
	value := strings.Repeat("x", flags.bytes)
	result := load.Run(ctx, load.Options{
		Clients: flags.clients, Rate: flags.rate, Warmup: flags.warmup, Duration: flags.duration, Requests: flags.requests,
		Processes: nodeProcesses(ctx, dir),
		Do: func(ctx context.Context, client int, n uint64) error {
			key := fmt.Sprintf("bench-%d", n%uint64(flags.keys))
			if n*61%100 < uint64(flags.reads) {
				_, err := clients[client].Get(ctx, key, false)
				return err
			}
			_, err := clients[client].Do(ctx, machine.Command{Op: machine.Put, Key: key, Value: value})
			return err
		},
	})
	if result.Done == 0 {
		return nil, failure(fmt.Errorf("nothing was answered: %w", errors.Join(result.FirstError, ctx.Err())))
	}
	return newKVRun(result, flags), nil
}

func newKVRun(r *load.Result, flags *benchKVFlags) *kvRun {
	milliseconds := func(percent float64) float64 { return float64(r.Percentile(percent)) / float64(time.Millisecond) }
	microseconds := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	run := &kvRun{
		Loop: "closed", Rate: flags.rate, Seconds: r.Elapsed.Seconds(), Done: r.Done, Failed: r.Failed, Late: r.Late,
		PerSecond: r.PerSecond(), P50: milliseconds(50), P90: milliseconds(90), P99: milliseconds(99), P999: milliseconds(99.9), Max: milliseconds(100),
		ProcessorNodes: microseconds(r.Each(r.Service)), ProcessorLoad: microseconds(r.Each(r.Own)), Resident: r.Resident,
	}
	if flags.rate > 0 {
		run.Loop = "open"
	}
	run.WritesPerSecond = run.PerSecond * float64(100-flags.reads) / 100
	return run
}

// nodeProcesses returns the processes of the nodes that this machine's supervisor
// runs.
func nodeProcesses(ctx context.Context, dir string) []int {
	report, err := cluster.Send(ctx, dir, cluster.Order{Do: "status"})
	if err != nil {
		return nil
	}
	var pids []int
	for _, node := range report.Nodes {
		pids = append(pids, node.PID)
	}
	return pids
}

func (l *lab) printKV(report *kvReport) {
	fmt.Fprintf(l.out, "%d nodes of %s, %d clients, %d keys, values of %d bytes, %d%% reads\n", report.Nodes, report.Protocol,
		report.Clients, report.Keys, report.Bytes, report.Reads)
	for i := range report.Runs {
		run := &report.Runs[i]
		loop := "closed loop"
		if run.Rate > 0 {
			loop = fmt.Sprintf("open loop at %.0f/s", run.Rate)
		}
		fmt.Fprintf(l.out, "%s: %.0f requests/s, %.0f durable writes/s, for %.1f s; %d failed, %d late\n", loop, run.PerSecond,
			run.WritesPerSecond, run.Seconds, run.Failed, run.Late)
		fmt.Fprintf(l.out, "latency in ms: p50 %.2f, p90 %.2f, p99 %.2f, p99.9 %.2f, max %.2f\n", run.P50, run.P90, run.P99, run.P999, run.Max)
		if run.ProcessorNodes > 0 {
			fmt.Fprintf(l.out, "processor time of a request in µs: %.0f in all nodes, %.0f here\n", run.ProcessorNodes, run.ProcessorLoad)
		}
		if run.Resident > 0 {
			fmt.Fprintf(l.out, "resident memory of the largest node: %.1f MB\n", float64(run.Resident)/1e6)
		}
	}
}
