package tcp_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"quorumlab/network/tcp"
	"quorumlab/protocols"
)

// told collects what a disk tells.
type told struct{ words []string }

func (t *told) tell(mark uint64, err error) {
	t.words = append(t.words, fmt.Sprint(mark, " ", err))
}

func (t *told) check(test *testing.T, want ...string) {
	test.Helper()
	if !slices.Equal(t.words, want) {
		test.Errorf("told %q, want %q", t.words, want)
	}
	t.words = nil
}

func persist(mark uint64, records ...string) protocols.Persist {
	p := protocols.Persist{Mark: mark}
	for _, record := range records {
		p.Writes = append(p.Writes, protocols.Append{Record: record})
	}
	return p
}

func TestMemoryTellsWhatIsStable(t *testing.T) {
	disk, told := tcp.NewMemory(protocols.Disk{}), told{}
	if _, err := disk.Recover(told.tell); err != nil {
		t.Fatal(err)
	}
	disk.Persist(persist(1, "a"))
	told.check(t, "1 <nil>")
	disk.Hold()
	disk.Persist(persist(2, "b"))
	disk.Persist(persist(3, "c"))
	told.check(t)
	if log := disk.Content().Log; len(log) != 1 {
		t.Errorf("while held the disk has %v", log)
	}
	disk.Release()
	told.check(t, "3 <nil>")
	if _, err := disk.Recover(told.tell); err == nil {
		t.Error("a disk in use was recovered")
	}
	disk.Hold()
	disk.Persist(persist(4, "lost"))
	disk.Close()
	disk.Persist(persist(5, "lost"))
	told.check(t)
	content, err := disk.Recover(told.tell)
	if got := fmt.Sprint(content.First, content.Log, err); got != "1 [a b c] <nil>" {
		t.Errorf("recovered %s", got)
	}
}

func TestMemoryFails(t *testing.T) {
	disk, told := tcp.NewMemory(protocols.Disk{}), told{}
	if _, err := disk.Recover(told.tell); err != nil {
		t.Fatal(err)
	}
	disk.Hold()
	disk.Persist(persist(1, "a"))
	disk.Fail(errors.New("no space"))
	disk.Fail(errors.New("again"))
	disk.Release()
	disk.Persist(persist(2, "b"))
	told.check(t, "0 disk: no space")
	if log := disk.Content().Log; len(log) != 0 {
		t.Errorf("the disk has %v", log)
	}
}
