package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the README's transcript")

// TestMain makes the test binary stand for the program, too: scripts and tests
// run it as a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){programName: Main, "terminal": onTerminal})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "field": field, "edit": edit, "halve": halve, "sparse": sparse,
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("no condition %q", name)
		},
	})
}

// exits CODE ARG... runs quorumlab, which must exit with the code and must not
// panic.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	if err := ts.Exec(programName, args[1:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
	if said := ts.ReadFile("stderr"); strings.Contains(said, "panic") || strings.Contains(said, "goroutine ") {
		ts.Fatalf("it panics")
	}
}

// field FILE PATH[=JSON]... demands that a file is one JSON object, in which
// each path leads somewhere, and to that value if one is given.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: field FILE PATH[=JSON]...")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	var whole map[string]any
	ts.Check(decoder.Decode(&whole))
	if decoder.More() {
		ts.Fatalf("%s: more than one object", args[0])
	}
	for _, arg := range args[1:] {
		path, want, hasWant := strings.Cut(arg, "=")
		found, err := follow(whole, path)
		ts.Check(err)
		if !hasWant {
			continue
		}
		var wanted any
		ts.Check(json.Unmarshal([]byte(want), &wanted))
		if fmt.Sprint(found) != fmt.Sprint(wanted) {
			ts.Fatalf("%s is %v, want %v", path, found, wanted)
		}
	}
}

// follow walks a path of names and positions into a JSON value.
func follow(value any, path string) (any, error) {
	for step := range strings.SplitSeq(path, ".") {
		switch at := value.(type) {
		case map[string]any:
			next, ok := at[step]
			if !ok {
				return nil, fmt.Errorf("%s: no field %q", path, step)
			}
			value = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				return nil, fmt.Errorf("%s: no position %q of %d", path, step, len(at))
			}
			value = at[i]
		default:
			return nil, fmt.Errorf("%s: %q leads into %v", path, step, value)
		}
	}
	return value, nil
}

// edit FILE OLD NEW replaces the first occurrence of a text, which must be
// there.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Replace(text, args[1], args[2], 1)), 0o666))
}

// halve FILE cuts a file in half.
func halve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: halve FILE")
	}
	ts.Check(os.Truncate(ts.MkAbs(args[0]), int64(len(ts.ReadFile(args[0]))/2)))
}

// sparse FILE BYTES makes a file of that size that takes no room.
func sparse(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sparse FILE BYTES")
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	file, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(file.Truncate(size))
	ts.Check(file.Close())
}

// quorumlab runs the program and returns what it printed and its exit code.
func quorumlab(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(programName, args...)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	if failed := cmd.Run(); failed != nil {
		if _, ok := errors.AsType[*exec.ExitError](failed); !ok {
			t.Fatal(failed)
		}
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}
