package linear

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recorded is where porcupine keeps the histories that it tests with. They are
// in the module, so that whoever can build this package has them, unless the
// modules are vendored.
func recorded(tb testing.TB) string {
	tb.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/anishathalye/porcupine").Output()
	if err != nil {
		tb.Fatalf("go list: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "test_data")
	if _, err := os.Stat(dir); err != nil {
		tb.Skipf("porcupine's test data is not here: %v", err)
	}
	return dir
}

func decodeFile(tb testing.TB, path string) (History, Report) {
	tb.Helper()
	file, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer file.Close()
	history, report, err := Decode(file, Auto)
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return history, report
}

// TestRecordedEtcd judges the 102 runs of a Jepsen test of etcd as porcupine's
// own tests do. In run 95 the cluster did not start; its file is empty.
func TestRecordedEtcd(t *testing.T) {
	linearizable := []int{2, 5, 7, 18, 25, 31, 38, 45, 48, 49, 51, 53, 56, 67, 75, 76, 80, 87, 92, 98, 100, 101, 102}
	dir := recorded(t)
	for run := range 103 {
		if run == 95 {
			continue
		}
		history, report := decodeFile(t, filepath.Join(dir, "jepsen", fmt.Sprintf("etcd_%03d.log", run)))
		if report.Format != EtcdLog || report.Clock != Lines {
			t.Fatalf("run %d: %+v", run, report)
		}
		result, err := Check(context.Background(), history, CASRegister(), Options{Clock: report.Clock})
		if err != nil {
			t.Fatalf("run %d: %v", run, err)
		}
		want := Violated
		if slices.Contains(linearizable, run) {
			want = Holds
		}
		if result.Verdict != want {
			t.Errorf("run %d: %s, want %s", run, result.Verdict, want)
		}
		if testing.Verbose() && want == Violated {
			t.Logf("run %d: %d operations: %s", run, len(result.Witness), result.Explanation)
		}
	}
}

func TestRecordedKV(t *testing.T) {
	dir := recorded(t)
	for _, name := range []string{"c01-ok", "c01-bad", "c10-ok", "c10-bad", "c50-ok", "c50-bad"} {
		history, report := decodeFile(t, filepath.Join(dir, "kv", name+".txt"))
		if report.Format != KVLog || report.Clock != Lines {
			t.Fatalf("%s: %+v", name, report)
		}
		result, err := Check(context.Background(), history, KV(), Options{Clock: report.Clock})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := Holds
		if strings.HasSuffix(name, "bad") {
			want = Violated
		}
		if result.Verdict != want {
			t.Errorf("%s: %s, want %s: %s", name, result.Verdict, want, result.Explanation)
		}
		if testing.Verbose() && want == Violated {
			t.Logf("%s: %d operations: %s", name, len(result.Witness), result.Explanation)
		}
	}
}
