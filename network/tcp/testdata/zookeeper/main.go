//go:build zookeeper

// Command zookeeper measures three servers of ZooKeeper, as Debian packages it, and
// three of ours, one after the other on the same machine with the same load, and
// prints how they compare. See compare.sh beside it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"quorumlab/network/tcp/load"
)

// measured is what one of the two came to.
type measured struct {
	WritesPerSecond float64 `json:"writes_per_second"`
	P50             float64 `json:"p50_ms"`
	P99             float64 `json:"p99_ms"`
	Max             float64 `json:"max_ms"`
	Failed          uint64  `json:"failed"`
	// The processor time of a write, in microseconds.
	Servers  float64 `json:"nodes_processor_us"`
	Load     float64 `json:"load_processor_us"`
	Resident int64   `json:"resident_bytes_most"`
}

type comparison struct {
	Clients   int      `json:"clients"`
	Bytes     int      `json:"value_bytes"`
	Seconds   float64  `json:"seconds"`
	ZooKeeper measured `json:"zookeeper"`
	Quorumlab measured `json:"quorumlab"`
	Ratio     float64  `json:"writes_ratio"` // ours to theirs
	RatioP99  float64  `json:"p99_ratio"`
	// RatioProcessor compares the processor time of a write, of nodes and load.
	RatioProcessor float64 `json:"processor_ratio"`
}

var (
	quorumlab = flag.String("quorumlab", "", "the `program` to compare")
	dir       = flag.String("dir", "", "`folder` for the data; it should be on the disk that matters")
	clients   = flag.Int("clients", 64, "clients")
	bytes     = flag.Int("bytes", 100, "bytes of a value")
	duration  = flag.Duration("duration", 20*time.Second, "how long each is measured")
	warmup    = flag.Duration("warmup", 10*time.Second, "how long each is warmed up")
	demand    = flag.Bool("demand", false, "end with code 1 unless ours write as much, with a 99th percentile that is no worse")
	only      = flag.String("only", "", "measure only `zookeeper` or quorumlab")
)

func main() {
	flag.Parse()
	c := comparison{Clients: *clients, Bytes: *bytes, Seconds: duration.Seconds()}
	var err error
	if *only != "quorumlab" {
		c.ZooKeeper, err = measureZooKeeper()
	}
	if err == nil && *only != "zookeeper" {
		c.Quorumlab, err = measureQuorumlab()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	if *only == "" {
		c.Ratio = c.Quorumlab.WritesPerSecond / c.ZooKeeper.WritesPerSecond
		c.RatioP99 = c.Quorumlab.P99 / c.ZooKeeper.P99
		c.RatioProcessor = (c.Quorumlab.Servers + c.Quorumlab.Load) / (c.ZooKeeper.Servers + c.ZooKeeper.Load)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(c); err != nil {
		os.Exit(1)
	}
	if *demand && (c.Ratio < 1 || c.RatioP99 > 1) {
		fmt.Fprintf(os.Stderr, "error: %.2f times the writes, %.2f times the 99th percentile\n", c.Ratio, c.RatioP99)
		os.Exit(1)
	}
}

// measureZooKeeper has each client set the data of znodes of its own, through a
// session of its own, the sessions spread over all servers.
func measureZooKeeper() (m measured, err error) {
	e, err := startEnsemble(*dir)
	if e != nil {
		defer e.stop()
	}
	if err != nil {
		return m, err
	}
	sessions := make([]*session, *clients)
	for i := range sessions {
		if sessions[i], err = connect(e.addresses[i%len(e.addresses)]); err != nil {
			return m, err
		}
		for key := range keysEach {
			if err := sessions[i].create(fmt.Sprintf("/c%d-%d", i, key)); err != nil {
				return m, err
			}
		}
	}
	value := make([]byte, *bytes)
	for i := range value {
		value[i] = 'x'
	}
	var pids []int
	for _, p := range e.processes {
		pids = append(pids, p.Process.Pid)
	}
	r := load.Run(context.Background(), load.Options{
		Clients: *clients, Warmup: *warmup, Duration: *duration, Processes: pids,
		Do: func(_ context.Context, client int, n uint64) error {
			return sessions[client].set(fmt.Sprintf("/c%d-%d", client, n%keysEach), value)
		},
	})
	m = measured{
		WritesPerSecond: r.PerSecond(), P50: milliseconds(r.Percentile(50)), P99: milliseconds(r.Percentile(99)),
		Max: milliseconds(r.Percentile(100)), Failed: r.Failed,
		Servers: 1000 * milliseconds(r.Each(r.Service)), Load: 1000 * milliseconds(r.Each(r.Own)), Resident: r.Resident,
	}
	return m, r.FirstError
}

// keysEach is how many keys each client writes to.
const keysEach = 10

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// measureQuorumlab starts a cluster, with nothing between its nodes, and has `bench kv` put the load on it.
func measureQuorumlab() (m measured, err error) {
	folder := filepath.Join(*dir, "quorumlab")
	if out, err := exec.Command(*quorumlab, "cluster", "up", "--direct", "--dir", folder).CombinedOutput(); err != nil {
		return m, fmt.Errorf("cluster up: %w\n%s", err, out)
	}
	defer exec.Command(*quorumlab, "cluster", "down", "--dir", folder).Run()
	out, err := exec.Command(*quorumlab, "bench", "kv", "--dir", folder, "--json", "--clients", fmt.Sprint(*clients),
		"--bytes", fmt.Sprint(*bytes), "--keys", fmt.Sprint(*clients*keysEach), "--duration", duration.String(),
		"--warmup", warmup.String()).Output()
	if err != nil {
		return m, fmt.Errorf("bench kv: %w", err)
	}
	var report struct {
		Runs []struct {
			measured
		} `json:"runs"`
	}
	if err := json.Unmarshal(out, &report); err != nil || len(report.Runs) == 0 {
		return m, fmt.Errorf("bench kv printed %s: %w", out, err)
	}
	return report.Runs[0].measured, nil
}
