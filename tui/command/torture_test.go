package command

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"quorumlab/checker/linear"
)

// TestTorture strikes a real cluster for a few seconds. What comes of it differs from
// time to time, but it must hold.
func TestTorture(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "torture")
	command := exec.Command(programName, "torture", "--dir", dir, "--duration", "6s", "--faults",
		"kill,leader,all,partition,pause", "--seed", "3", "--json")
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	var r tortureReport
	if jsonErr := json.Unmarshal(out, &r); err != nil || jsonErr != nil {
		t.Fatalf("%v, %v: %s%s", err, jsonErr, out, said.String())
	}
	if !r.Held || r.Verdict != "holds" || r.Acknowledged == 0 || r.Found != r.Acknowledged || r.Operations < 100 {
		t.Errorf("%+v", r)
	}
	if r.Kills+r.Partitions == 0 || len(r.Replays) != 3 {
		t.Errorf("%d kills, %d partitions, replays %+v", r.Kills, r.Partitions, r.Replays)
	}
	// What it leaves can be judged and replayed by hand, and damage is found.
	for _, arguments := range [][]string{
		{"linearize", "--model", "kv", r.History}, {"replay", r.Replays[0].File},
	} {
		if out, err := exec.Command(programName, arguments...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v: %s", arguments, err, out)
		}
	}
	if _, err := exec.Command(programName, "torture", "--dir", dir).Output(); err == nil {
		t.Error("it goes on in a folder that is in use")
	}
}

// TestTracedClusterReplays: cluster up --trace, a kill between, and replay.
func TestTracedClusterReplays(t *testing.T) {
	c := newTown(t, "--trace", "--protocol", "paxos")
	c.must("kv", "put", "a", "1")
	leader := c.leader().ID
	number := string(rune('0' + leader))
	c.must("cluster", "kill", number)
	c.must("kv", "put", "a", "2")
	c.must("cluster", "restart", number)
	if got := c.must("kv", "get", "a"); got != "2" {
		t.Errorf("a is %s", got)
	}
	c.must("bench", "kv", "--clients", "4", "--warmup", "0s", "--duration", "300ms", "--reads", "50")
	c.must("bench", "kv", "--clients", "4", "--warmup", "0s", "--duration", "300ms", "--rate", "100", "--json")
	c.must("cluster", "down")
	for _, node := range []string{"n1", "n2", "n3"} {
		name := filepath.Join(c.dir, node, nodeTraceName)
		out := c.must("replay", name)
		if !strings.Contains(out, "to the same effects") {
			t.Errorf("%s: %s", node, out)
		}
		if node != "n"+number {
			continue
		}
		if !strings.Contains(out, "of 2 lives") {
			t.Errorf("the node that was killed: %s", out)
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)/2]++
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, said := c.run("replay", name); code != exitUsage && code != exitInternal || !strings.Contains(said, "line ") {
			t.Errorf("damage: code %d, %s%s", code, out, said)
		}
	}
}

func TestTortureFigures(t *testing.T) {
	ms := func(n int64) int64 { return n * int64(time.Millisecond) }
	write := func(id int, invoke, returned int64) linear.Operation {
		return linear.Operation{ID: id, Kind: linear.Write, In: linear.Some("v"), Invoke: ms(invoke), Return: ms(returned), Outcome: linear.OK}
	}
	torment := &tormented{report: &tortureReport{}, leaderKilled: []time.Duration{time.Second, 5 * time.Second, 9 * time.Second}}
	torment.figures(linear.History{
		write(1, 990, 1400), // under way at the kill
		write(2, 1200, 1600),
		write(3, 1100, 1900),
		write(4, 5100, 5200),
		{ID: 5, Kind: linear.Read, Invoke: ms(1), Return: ms(2), Outcome: linear.Fail},
		{ID: 6, Kind: linear.Write, Invoke: ms(8000), Return: ms(9999), Outcome: linear.Info},
	})
	r := torment.report
	if !slices.Equal(r.FailOvers, []float64{600, 200}) || r.FailOverMedian != 400 {
		t.Errorf("fail-overs %v, median %v", r.FailOvers, r.FailOverMedian)
	}
	if r.Operations != 6 || r.OK != 4 || r.Failed != 1 || r.Unknown != 1 || r.P99 != 800 {
		t.Errorf("%+v", r)
	}
}

// TestDiaryIsCutToWholeLines: of what a kill left only whole lines stay.
func TestDiaryIsCutToWholeLines(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	long := strings.Repeat("x", 200_000)
	for content, want := range map[string]string{
		"": "", "a\n": "a\n", "a\nb": "a\n", "a": "", "a\n" + long: "a\n", long: "", long + "\n" + long: long + "\n",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := openDiary(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("of %d bytes %d are left: %v", len(content), len(got), err)
		}
	}
}
