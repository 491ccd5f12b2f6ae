package trace_test

import (
	"bytes"
	"os"
	"regexp"
	"testing"
)

// TestEveryFieldIsDocumented: doc.go names every field that a record can have.
func TestEveryFieldIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	r, _ := newRecorder(t, &file)
	for event := range 42 { // all pairs of event and client
		step := everything("x", event)
		step.Fault = nil // its fields are those of sim.Fault
		r.Observe(nil, step)
	}
	_, records, _ := bytes.Cut(file.Bytes(), []byte("\n"))
	fields := map[string]bool{}
	for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllSubmatch(records, -1) {
		fields[string(m[1])] = true
	}
	for _, field := range []string{"type", "first", "log", "damaged"} {
		delete(fields, field) // of a protocols.Disk, as AppendJSON shows it
	}
	for kind := range choiceKinds(records) {
		delete(fields, kind) // they stand at sim.Kind
	}
	if len(fields) < 30 {
		t.Fatalf("found only %d fields: %v", len(fields), fields)
	}
	for field := range fields {
		if !regexp.MustCompile(`"` + field + `"|(?m)^//\t` + field + ` `).Match(doc) {
			t.Errorf("doc.go does not speak of %q", field)
		}
	}
}

// choiceKinds returns the names of the choices that records tell of.
func choiceKinds(records []byte) map[string]bool {
	kinds := map[string]bool{}
	for _, m := range regexp.MustCompile(`"do":\{"([\w-]+)":`).FindAllSubmatch(records, -1) {
		kinds[string(m[1])] = true
	}
	return kinds
}
