package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"quorumlab/scenarios"
)

// started is a process of the program, and what it says on its error stream.
type started struct {
	*exec.Cmd
	out    bytes.Buffer
	stderr *bufio.Reader
}

func start(t *testing.T, stdin io.Reader, args ...string) *started {
	t.Helper()
	p := &started{Cmd: exec.Command(programName, args...)}
	p.Stdin, p.Stdout = stdin, &p.out
	stderr, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stderr = bufio.NewReader(stderr)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// await reads what the process says up to a line that contains a text.
func (p *started) await(t *testing.T, text string) {
	t.Helper()
	for {
		line, err := p.stderr.ReadString('\n')
		if strings.Contains(line, text) {
			return
		}
		if err != nil {
			t.Fatalf("the process never says %q: %v", text, err)
		}
	}
}

func (p *started) interrupt(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}

// finish waits for the end and returns how the process ended.
func (p *started) finish(t *testing.T) syscall.WaitStatus {
	t.Helper()
	if _, err := io.Copy(io.Discard, p.stderr); err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // the status says more
	return p.ProcessState.Sys().(syscall.WaitStatus)
}

// TestInterrupt stops a sweep that would last for hours: what it has found is
// printed all the same.
func TestInterrupt(t *testing.T) {
	p := start(t, nil, "sweep", "zab-partition", "--seeds", "1..1000000000", "--json")
	p.await(t, "sweep of zab-partition")
	p.interrupt(t)
	if status := p.finish(t); status.ExitStatus() != exitInterrupted {
		t.Errorf("exit code %d, want %d", status.ExitStatus(), exitInterrupted)
	}
	var report scenarios.SweepReport
	if err := json.Unmarshal(p.out.Bytes(), &report); err != nil {
		t.Fatalf("%v in %s", err, p.out.String())
	}
	if report.Complete || report.Range.To != 1000000000 {
		t.Errorf("the report says complete: %v, seeds %+v", report.Complete, report.Range)
	}
}

// TestInterruptTwice stops a process that does not listen: the first signal is
// noted, the second kills.
func TestInterruptTwice(t *testing.T) {
	silent, never, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	defer never.Close()
	p := start(t, silent, "replay", "-")
	p.await(t, "reading the standard input")
	p.interrupt(t)
	p.await(t, "once more kills")
	p.interrupt(t)
	if status := p.finish(t); !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("the process ended with %v", status)
	}
}

// TestCheckKilled kills a check without warning and goes on from what it kept: the
// counts are those of a check that nobody killed. It is interrupted too, and tells
// what it knows.
func TestCheckKilled(t *testing.T) {
	folder := t.TempDir()
	kept := filepath.Join(folder, "kept")
	model := []string{"check", "register-paxos", "--set", "clients=3", "--json"}
	p := start(t, nil, append(model, "--checkpoint", kept, "--every", "1ms")...)
	for !isFile(kept) && p.running() {
		runtime.Gosched()
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.finish(t)
	if p.out.Len() > 0 {
		t.Fatal("the check was over before it could be killed")
	}
	again := filepath.Join(folder, "again")
	q := start(t, nil, append(model, "--continue", kept, "--checkpoint", again, "--every", "1ms")...)
	for !isFile(again) && q.running() {
		runtime.Gosched()
	}
	q.interrupt(t)
	status := q.finish(t)
	var report checkReport
	if err := json.Unmarshal(q.out.Bytes(), &report); err != nil {
		t.Fatalf("%v in %s", err, q.out.String())
	}
	if status.ExitStatus() == exitInterrupted && (report.Complete || report.Bound != "interrupted" || report.Distinct == 0) {
		t.Errorf("interrupted: %+v", report)
	}
	r := start(t, nil, append(model, "--continue", again)...)
	r.finish(t)
	if err := json.Unmarshal(r.out.Bytes(), &report); err != nil {
		t.Fatalf("%v in %s", err, r.out.String())
	}
	if report.Distinct != 1194428 || report.Generated != 2420477 || report.Depth != 28 || !report.Complete {
		t.Errorf("continued: %d / %d / %d, complete %t", report.Distinct, report.Generated, report.Depth, report.Complete)
	}
}

func isFile(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// running reports whether the process has not ended.
func (p *started) running() bool { return p.Process.Signal(syscall.Signal(0)) == nil }
