package architecture_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quorumlab/checker/architecture"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestThisModule holds this project against its own law.
func TestThisModule(t *testing.T) {
	findings, err := architecture.Check(filepath.Join("..", ".."), architecture.House())
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range findings {
		t.Error(finding)
	}
}

// TestFixtures checks small modules, one for each way to breach the law. A
// fixture is a txtar archive: the module's files, but for a go.mod when it has
// none of its own, and in the file "want" the findings, a line each.
func TestFixtures(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no fixtures")
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want, stated := "", false
			files := map[string]string{"go.mod": "module house\n\ngo 1.26\n"}
			for _, file := range archive.Files {
				if file.Name == "want" {
					want, stated = string(file.Data), true
					continue
				}
				files[file.Name] = string(file.Data)
			}
			if !stated {
				t.Fatal("the fixture does not say what is wanted")
			}
			if got := check(t, files); got != want {
				t.Errorf("found:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// check writes a module to a fresh folder and returns what breaches the law of
// the house, a finding a line.
func check(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		place := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(place), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	findings, err := architecture.Check(dir, architecture.House())
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, finding := range findings {
		text.WriteString(finding.String() + "\n")
	}
	return text.String()
}

// TestSizes checks both sides of each limit.
func TestSizes(t *testing.T) {
	const documented = "// Package zab is a protocol.\npackage zab\n"
	// function returns one of that many lines.
	function := func(lines int) string {
		return "\nfunc Step() {\n" + strings.Repeat("\t_ = 0\n", lines-2) + "}\n"
	}
	// filled returns a file of that many lines.
	filled := func(lines int) string {
		return documented + strings.Repeat("\n", lines-2)
	}
	cases := []struct {
		name, file, text, want string
	}{
		{"function within", "zab.go", documented + function(70), ""},
		{
			"function beyond", "zab.go", documented + function(71),
			"protocols/zab/zab.go:4: size: Step has 71 lines, 70 are allowed; " +
				"instead: give each of its steps a function with a name\n",
		},
		{"file within", "zab.go", filled(500), ""},
		{
			"file beyond", "zab.go", filled(501),
			"protocols/zab/zab.go:501: size: 501 lines, 500 are allowed; " +
				"instead: split the file by what its parts do\n",
		},
		{"test function within", "zab_test.go", "package zab\n" + function(120), ""},
		{
			"test function beyond", "zab_test.go", "package zab\n" + function(121),
			"protocols/zab/zab_test.go:3: size: Step has 121 lines, 120 are allowed; " +
				"instead: give each of its steps a function with a name\n",
		},
		{
			"test file beyond", "zab_test.go", "package zab\n" + strings.Repeat("\n", 500),
			"protocols/zab/zab_test.go:501: size: 501 lines, 500 are allowed; " +
				"instead: split the file by what its parts do\n",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := check(t, map[string]string{
				"go.mod":                  "module house\n\ngo 1.26\n",
				"protocols/zab/" + c.file: c.text,
			})
			if got != c.want {
				t.Errorf("found:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// TestUnreadable checks that what cannot be read is an error, not a module
// without findings.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	nameless := t.TempDir()
	if err := os.WriteFile(filepath.Join(nameless, "go.mod"), []byte("go 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{empty, nameless, filepath.Join(empty, "absent")} {
		if findings, err := architecture.Check(dir, architecture.House()); err == nil {
			t.Errorf("%s: no error, findings %v", dir, findings)
		}
	}
}

// TestTable checks the table itself: each package once, and no arrow to a
// package that the table does not have.
func TestTable(t *testing.T) {
	rows := architecture.House().Rows
	var folders []string
	for _, row := range rows {
		if slices.Contains(folders, row.Folder) {
			t.Errorf("%s has two rows", row.Folder)
		}
		folders = append(folders, row.Folder)
	}
	for _, row := range rows {
		for _, pattern := range row.Module {
			if _, tree := strings.CutSuffix(pattern, "..."); !tree && !slices.Contains(folders, pattern) {
				t.Errorf("%s may import %s, which has no row", row.Folder, pattern)
			}
		}
	}
}
