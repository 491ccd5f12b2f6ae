package language

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestProblems compares what is said of broken scenarios with what
// testdata/bad/*.txtar have. Each archive holds cases: a file `name.yaml` and
// its errors `name.want`.
func TestProblems(t *testing.T) {
	archives, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(path), func(t *testing.T) { compareProblems(t, path, archive) })
	}
}

func compareProblems(t *testing.T, path string, archive *txtar.Archive) {
	want := map[string]string{}
	for _, file := range archive.Files {
		want[file.Name] = string(file.Data)
	}
	rewritten := &txtar.Archive{Comment: archive.Comment}
	for _, file := range archive.Files {
		stem, isCase := strings.CutSuffix(file.Name, ".yaml")
		if !isCase {
			continue
		}
		_, err := Parse(file.Name, file.Data, words())
		if err == nil {
			t.Errorf("%s is accepted", file.Name)
			continue
		}
		var problem *Problem
		if !errors.As(err, &problem) || problem.Line < 1 || problem.Column < 1 || problem.Found == "" || problem.Expected == "" {
			t.Errorf("%s: an incomplete problem: %#v", file.Name, err)
		}
		got := err.Error() + "\n"
		if !*update && got != want[stem+".want"] {
			t.Errorf("%s: got\n%swant\n%s", file.Name, got, want[stem+".want"])
		}
		rewritten.Files = append(rewritten.Files, file, txtar.File{Name: stem + ".want", Data: []byte(got)})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(rewritten), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestProblemsInBytes covers what a text archive cannot hold.
func TestProblemsInBytes(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"invalid UTF-8":      {"name: x\ntitle: \xff\n", "x.yaml:2:8: found the byte 0xff"},
		"NUL":                {"name: x\x00", "control character U+0000"},
		"escaped NUL":        {"name: \"x\\0\"", "a text with control characters"},
		"carriage return":    {"name: x\rtitle: y", "control character U+000D"},
		"a tab":              {"name: x\ncluster:\n\tnodes: 3\n", "indent with spaces"},
		"a tab within":       {"name: x\n\tprotocol: zab\n", "x.yaml:2"},
		"brackets":           {strings.Repeat("[", 1<<20), "more than 32 levels"},
		"braces":             {"a: " + strings.Repeat("{a: ", 1<<17), "more than 32 levels"},
		"dashes":             {strings.Repeat("- ", 1<<19), "more than 32 levels"},
		"colons":             {strings.Repeat("a: ", 1<<18), "more than 32 levels"},
		"deep indentation":   {deep(40), "more than 32 levels"},
		"1 MiB":              {strings.Repeat("x", 1<<20+1), "more than 1 MiB"},
		"many keys":          {manyKeys(15_000), "unknown key"},
		"too many keys":      {manyKeys(100_000), "more than 20000 keys"},
		"many flow keys":     {"{" + strings.ReplaceAll(manyKeys(40_000), "\n", " , ") + "}", "unknown key"},
		"many block items":   {strings.Repeat("- x\n", 1<<18), "found a list"},
		"many flow items":    {"[" + strings.Repeat("x,", 1<<18) + "]", "found a list"},
		"many block entries": {strings.Repeat("- {x: y}\n", 100_000), "found a list"},
		"byte order mark":    {"\ufeffname: x\nprotokol: zab", "x.yaml:2:1: found the unknown key \"protokol\""},
		"Windows line ends":  {"name: x\r\nprotokol: zab\r\n", "x.yaml:2:1: found the unknown key \"protokol\""},
		"wide characters":    {"name: x\ntitle: {ü: 1}\n", "2:8: found a mapping"},
	} {
		began := time.Now()
		_, err := Parse("x.yaml", []byte(c.text), words())
		t.Logf("%s: %v", name, time.Since(began))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %.300v, want %s", name, err, c.want)
		}
		if err != nil && len(err.Error()) > 10_000 {
			t.Errorf("%s: a message of %d bytes", name, len(err.Error()))
		}
	}
}

func deep(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + itoa(i) + ":\n")
	}
	return b.String()
}

// TestBigFile parses scenarios of nearly a MiB that are expensive in one way
// each, which must take seconds at most.
func TestBigFile(t *testing.T) {
	entries := "timeline: [" + strings.Repeat("{at: 1s, crash: n3, keep: all}, ", 25_000) + "]\n"
	keys := strings.ReplaceAll(strings.TrimSpace(manyKeys(40_000)), "\n", " v, ") + " v"
	runs := "runs: {" + strings.ReplaceAll(strings.TrimSpace(manyKeys(32)), "\n", " {}, ") + " {}}\n"
	for name, text := range map[string]string{
		"entries": entries,
		"runs":    "clients: [{count: 1000}]\ntimeline: [" + strings.Repeat("{at: 1s, say: x}, ", 1000) + "]\n" + runs,
		"keys":    "initial: {" + keys + "}\nruns: {a: {initial: {" + keys + "}}}\n",
		"script":  "clients: [{count: 1000}]\nworkload: {script: [" + strings.Repeat("{at: 1s, client: c999, read: x}, ", 20_000) + "]}\n",
	} {
		began := time.Now()
		s := parse(t, "name: big\nprotocol: zab\n"+text)
		t.Logf("%s: %d bytes, %v", name, len(s.Text), time.Since(began))
	}
}

// TestProblemsAreBounded: a list of problems stops at ten.
func TestProblemsAreBounded(t *testing.T) {
	_, err := Parse("x.yaml", []byte(manyKeys(25)), words())
	if got := strings.Count(err.Error(), "found"); got != problemsMax {
		t.Errorf("%d problems are shown", got)
	}
	if !strings.HasSuffix(err.Error(), "and 16 more") { // 25 keys, and no name
		t.Errorf("got %v", err)
	}
}

// FuzzParse: no input makes Parse panic, and what it accepts survives
// rendering.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("../library/*.yaml")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no library: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), "until=9s")
	}
	f.Add(smallest, "cluster.nodes=[a, b]")
	f.Add(everything, "timeline.3.at=1s")
	f.Add("a: &a [*a, *a]\n<<: *a", "a={b: !c d}")
	f.Fuzz(func(t *testing.T, text, set string) {
		for _, sets := range [][]string{nil, {set}} {
			s, err := Parse("fuzz.yaml", []byte(text), words(), sets...)
			if err != nil {
				if err.Error() == "" {
					t.Error("an error without words")
				}
				continue
			}
			same(t, s, s.Canonical)
			same(t, s, Render(s))
		}
	})
}
