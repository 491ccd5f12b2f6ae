package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// A node's timers may be late, and those of who starts it stay as they were.
func TestTimerSlackIsInherited(t *testing.T) {
	slack := func(pid string) string {
		text, err := os.ReadFile("/proc/" + pid + "/timerslack_ns")
		if err != nil {
			t.Skipf("it cannot be known: %v", err)
		}
		return strings.TrimSpace(string(text))
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self := fmt.Sprint(syscall.Gettid())
	before := slack(self)
	command := exec.Command("cat") // lives until its input ends
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := start(command); err != nil {
		t.Skipf("there is no cat: %v", err)
	}
	if got := slack(fmt.Sprint(command.Process.Pid)); got != fmt.Sprint(timerSlack) {
		t.Errorf("the timers of the process may be late by %s ns", got)
	}
	if got := slack(self); got != before {
		t.Errorf("those of this thread by %s ns, before by %s", got, before)
	}
	stdin.Close()
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}
