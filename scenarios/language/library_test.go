package language_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"quorumlab/protocols/catalog"
	"quorumlab/scenarios/language"
)

const libraryFolder = "../library"

func libraryWords() language.Vocabulary {
	return language.Vocabulary{
		Protocols: catalog.All(),
		Properties: []string{
			"linearizable", "read-your-writes", "monotonic-reads", "monotonic-writes", "writes-follow-reads",
			"read-uncommitted", "read-committed", "consistent-view", "serializable", "strict-serializable",
			"convergence", "termination",
		},
	}
}

// libraryFiles returns the shipped scenarios by path.
func libraryFiles(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(libraryFolder, "*.yaml"))
	if err != nil || len(paths) < 5 {
		t.Fatalf("found %d scenarios in the library: %v", len(paths), err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		if files[path], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestLibrary reads every shipped scenario, whose name must be its file's, and
// which must tell a story and demand that something happens.
func TestLibrary(t *testing.T) {
	for path, data := range libraryFiles(t) {
		s, err := language.Parse(path, data, libraryWords())
		if err != nil {
			t.Error(err)
			continue
		}
		if stem := strings.TrimSuffix(filepath.Base(path), ".yaml"); s.Name != stem {
			t.Errorf("%s is named %s", path, s.Name)
		}
		if s.Title == "" || s.About == "" || s.Source == "" {
			t.Errorf("%s lacks a title, an about or a source", path)
		}
		for _, run := range s.Runs {
			checkTaught(t, path, run)
		}
	}
}

func checkTaught(t *testing.T, path string, run language.Run) {
	t.Helper()
	told, asked := 0, 0
	for _, entry := range run.Timeline {
		switch entry.Action.(type) {
		case language.Say:
			told++
		case language.Ask:
			asked++
		}
	}
	if told < 2 || asked < 1 {
		t.Errorf("%s, run %s: says %d things and asks %d", path, run.Name, told, asked)
	}
	if len(run.Expect.Happens) == 0 || run.Expect.Properties["linearizable"] == "" {
		t.Errorf("%s, run %s: may pass vacuously", path, run.Name)
	}
}
