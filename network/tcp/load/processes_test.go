package load_test

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"quorumlab/network/tcp/load"
)

// TestProcessorTime: what a process is given is counted, and only while it is measured.
func TestProcessorTime(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	self := os.Getpid()
	if load.Processor(1<<30) != 0 || load.Resident(1<<30) != 0 {
		t.Error("a process that is not there has used something")
	}
	if load.Resident(self) < 1<<20 {
		t.Errorf("this process has %d bytes", load.Resident(self))
	}
	busy := func(context.Context, int, uint64) error {
		for before := load.Processor(self); load.Processor(self)-before < 20*time.Millisecond; {
		}
		return nil
	}
	r := load.Run(t.Context(), load.Options{
		Clients: 1, Warmup: 100 * time.Millisecond, Duration: time.Minute, Requests: 40, Processes: []int{self}, Do: busy,
	})
	if each := r.Each(r.Own); r.Done == 0 || each < 10*time.Millisecond || each > 200*time.Millisecond {
		t.Errorf("%d requests took %v each", r.Done, each)
	}
	if r.Own != r.Service || r.Resident == 0 {
		t.Errorf("the same process used %v and %v, and has %d bytes", r.Own, r.Service, r.Resident)
	}
}
