package command

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
	"quorumlab/sim/trace"
)

// serveOptions are what a node is told beside its configuration: what is for the
// laboratory, and for no node that people rely on.
type serveOptions struct {
	trace  string
	mutant string
	hold   time.Duration
	jump   time.Duration
}

func (o *serveOptions) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.trace, "trace", "", "write all that the node handles and does to a `file`, behind what is there; `replay` executes it again")
	f.StringVar(&o.mutant, "mutant", "", "run the node as this `mutant`, which errs in one known way")
	f.DurationVar(&o.hold, "disk-hold", 0, "a slow disk: hold writes in the process's memory for so long before they are written")
	f.DurationVar(&o.jump, "clock-jump", 0, "set the node's clock ahead by so much at each SIGUSR1")
}

// clock returns the node's clock, nil for the driver's own. It jumps ahead when the
// process gets SIGUSR1, as that of a virtual machine does which stood still.
func (o *serveOptions) clock() func() time.Duration {
	if o.jump == 0 {
		return nil
	}
	var ahead atomic.Int64
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		for range signals {
			ahead.Add(int64(o.jump))
		}
	}()
	began := time.Now()
	return func() time.Duration { return time.Since(began) + time.Duration(ahead.Load()) }
}

// nodeTraceName is the file in a node's folder that a supervisor has it write.
const nodeTraceName = "trace.jsonl"

// traced returns the arguments of a node, which end with --config and its value,
// with that it write a trace.
func traced(dir string, id protocols.NodeID, arguments []string) []string {
	name := filepath.Join(dir, fmt.Sprintf("n%d", id), nodeTraceName)
	return withOptions(arguments, "--trace", name)
}

// withOptions puts options before --config and its value.
func withOptions(arguments []string, options ...string) []string {
	return slices.Insert(slices.Clone(arguments), len(arguments)-2, options...)
}

// keepDiary has a driver's steps written to a trace.
func (s *server) keepDiary(driver *tcp.Config, live trace.Live) error {
	d, err := newDiary(s.options.trace, driver.Codec, live, s.options.mutant, "")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, closer(d.close))
	driver.Observe = append(driver.Observe, d.observe)
	return nil
}
