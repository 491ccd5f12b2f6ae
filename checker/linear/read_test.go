package linear

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestFiles reads one file a format, good and bad.
func TestFiles(t *testing.T) {
	for _, c := range []struct {
		file   string
		model  Model
		report Report
		count  int
		want   Verdict
		why    string
	}{
		{
			"stale-read.jsonl", Register(),
			Report{Format: JSONL, Open: 1},
			5, Violated,
			`read of V by client 2 at N2 (invoked 12ms, returned 14ms) returned "V0", but write "V1" by client 1 at N1 had returned at 8ms`,
		},
		{"blocked-read.jsonl", CASRegister(), Report{Format: JSONL, Open: 1}, 6, Holds, ""},
		{
			"lines.edn", CASRegister(),
			Report{Format: Jepsen, Open: 1, Nemesis: 2, Shifted: 1, Unused: []Unused{{":debug", 1}}},
			6, Holds, "",
		},
		{
			"vector.edn", KV(),
			Report{Format: Jepsen},
			4, Violated,
			`read of x by client 2 (invoked 70ns, returned 80ns) returned "1", but cas "1" to "2" by client 1 had returned at 40ns`,
		},
		{"register.log", CASRegister(), Report{Format: EtcdLog, Clock: Lines, Open: 1, Nemesis: 1}, 7, Holds, ""},
		{
			"register-bad.log", CASRegister(),
			Report{Format: EtcdLog, Clock: Lines},
			3, Violated,
			`cas "3" to "2" on the register by client 0 (invoked in line 3, returned in line 4) did not find "3"`,
		},
		{"appends.txt", KV(), Report{Format: KVLog, Clock: Lines, Open: 1}, 7, Holds, ""},
		{
			"appends-bad.txt", KV(),
			Report{Format: KVLog, Clock: Lines},
			3, Violated,
			`returned "x 0 1 y", but append "x 0 0 y" by client 0 had returned in line 2`,
		},
	} {
		t.Run(c.file, func(t *testing.T) {
			history, report := decodeFile(t, filepath.Join("testdata", c.file))
			if !reflect.DeepEqual(report, c.report) || len(history) != c.count {
				t.Errorf("%+v, %d operations, want %+v, %d", report, len(history), c.report, c.count)
			}
			result, err := Check(context.Background(), history, c.model, Options{Clock: report.Clock})
			if err != nil || result.Verdict != c.want || !strings.Contains(result.Explanation, c.why) {
				t.Errorf("%v %s: %s\nwant %s: %s", err, result.Verdict, result.Explanation, c.want, c.why)
			}
			roundTrip(t, history)
		})
	}
}

// roundTrip writes a history in our format and reads it again.
func roundTrip(t *testing.T, history History) {
	t.Helper()
	var file bytes.Buffer
	if err := Encode(&file, history); err != nil {
		t.Fatal(err)
	}
	again, _, err := Decode(&file, Auto)
	if err != nil || !reflect.DeepEqual(again, history) {
		t.Errorf("%v: read %+v\nwrote %+v", err, again, history)
	}
}

// TestEncode pins the format to the letter.
func TestEncode(t *testing.T) {
	var file strings.Builder
	open := info(swap(7, 3, "a", "<b>", false, 5, Never))
	open.Expected, open.Error = Value{}, "timeout"
	if err := Encode(&file, History{by(write(1, 1, "V1", 1, 2), "N1"), open}); err != nil {
		t.Fatal(err)
	}
	const want = `{"format":"quorumlab-history","version":1,"operations":2}
{"id":1,"session":1,"node":"N1","side":"","key":"V","op":"write","in":"V1","out":null,"invoke":1000000,"return":2000000,"outcome":"ok","error":""}
{"id":7,"session":3,"node":"","side":"","key":"","op":"cas","in":{"expected":null,"new":"<b>"},"out":null,"invoke":5,"return":null,"outcome":"info","error":"timeout"}
`
	if file.String() != want {
		t.Errorf("wrote\n%s\nwant\n%s", file.String(), want)
	}
	if err := Encode(io.Discard, History{{ID: 1}}); err == nil {
		t.Error("an impossible operation was written")
	}
}

const (
	header = `{"format":"quorumlab-history","version":1}` + "\n"
	goodOp = `{"id":1,"session":1,"key":"x","op":"write","in":"a","invoke":0,"return":1,"outcome":"ok"}`
	invoke = "{:process 0, :type :invoke, :f :write, :value 1}\n"
)

// TestBadInput: every fault has its place, what was found and what was expected.
func TestBadInput(t *testing.T) {
	replaced := func(old, fresh string) string { return header + strings.Replace(goodOp, old, fresh, 1) }
	for _, c := range []struct {
		name, input, want string
		format            Format
	}{
		{"empty", "", "line 1: found an empty file, expected a history", Auto},
		{"blank", " \n\n", "line 1: found an empty file", Auto},
		{"no history", "hello\nworld", `line 1: found "hello", expected a history`, Auto},
		{"late no history", "\n\n\x00", "line 3: found", Auto},
		{"unknown format", "{}", `unknown format "csv", expected one of [jsonl jepsen etcdlog kvlog]`, "csv"},

		{"other header", `{"format":"x","version":1}`, `line 1, column 11: found format "x", expected "quorumlab-history"`, Auto},
		{"other version", `{"format":"quorumlab-history","version":2}`, "line 1, column 41: found version 2, expected version 1", Auto},
		{"no version", `{"format":"quorumlab-history"}`, `line 1: found no field "version"`, Auto},
		{"no header", goodOp, `line 1, column 2: found the field "id"`, Auto},
		{"too few", `{"format":"quorumlab-history","version":1,"operations":2}` + "\n" + goodOp, "line 3: found the end after 1 operations, expected 2", Auto},
		{"cut", header + goodOp[:50], "line 2, column 51: found the end of the line, expected more JSON; the line is cut off", Auto},
		{"blank line", header + "\n" + goodOp, `line 2, column 1: found "", expected a JSON object`, Auto},
		{"no JSON", header + `{"id":1,,}`, "line 2, column 9: found no JSON", Auto},
		{"two on a line", header + goodOp + goodOp, "line 2, column 90: found", Auto},
		{"unknown field", replaced(`"key"`, `"kye"`), `line 2, column 21: found the field "kye", expected only id, session`, Auto},
		{"field in capitals", replaced(`"key"`, `"Key"`), `found the field "Key"`, Auto},
		{"field twice", replaced(`"op"`, `"id":2,"op"`), `found the field "id" again`, Auto},
		{"missing field", replaced(`"session":1,`, ""), `line 2: found no field "session", expected one, an integer`, Auto},
		{"wrong type", replaced(`"id":1`, `"id":"é1"`), `line 2, column 7: found "\"é1\"" as id, expected an integer`, Auto},
		{"fraction", replaced(`"invoke":0`, `"invoke":0.5`), `found "0.5" as invoke, expected an integer, in nanoseconds`, Auto},
		{"null", replaced(`"id":1`, `"id":null`), `found "null" as id`, Auto},
		{"negative session", replaced(`"session":1`, `"session":-1`), `found "-1" as session`, Auto},
		{"id again", header + goodOp + "\n" + goodOp, "line 3: found id 1 again, expected an id that is not that of line 2", Auto},
		{"impossible", replaced(`"return":1`, `"return":-1`), "line 2: found an impossible operation: return -1 is before invoke 0", Auto},
		{"cas without values", replaced(`"write"`, `"cas"`), `line 2, column 47: found "\"a\"", expected a JSON object`, Auto},
		{"cas without new", replaced(`"write","in":"a"`, `"cas","in":{"expected":"a"}`), `found no field "new"`, Auto},
		{"cas without answer", replaced(`"write","in":"a"`, `"cas","in":{"expected":"a","new":"b"}`), `found no field "out"`, Auto},
		{"not UTF-8", header + "{\xff}", "line 2: found bytes that are not UTF-8", Auto},
		{"long line", header + `{"id":"` + strings.Repeat("x", 2<<20), "line 2: found a line of more than 1 MiB", Auto},

		{"half a map", "{:process 0, :type :invoke,", "line 1, column 28: found the end of the file, expected } for the one opened in line 1, column 1; the file seems cut off", Auto},
		{"half a vector", "[" + invoke, "line 2, column 1: found the end of the file, expected more events, or ]", Auto},
		{"half a string", `{:process 0, :error "x`, "expected the end of the string begun in line 1, column 21", Auto},
		{"after the vector", "[]{}", "line 1, column 3: found '{', expected the end of the file", Auto},
		{"odd map", "{:process 0 :type}", "line 1, column 13: found a key without a value", Auto},
		{"key twice", "{:process 0 :process 1}", `line 1, column 13: found the key ":process" again`, Auto},
		{"stray", "{:process 0}]", `line 1, column 1: found :type nothing`, Auto},
		{"deep", "{:process " + strings.Repeat("[", 100), "found more than 64 nested collections", Auto},
		{"bad number", "{:process 0x1}", `line 1, column 11: found "0x1", expected a number`, Auto},
		{"bad escape", `{:process "\q"}`, `found "\\q", expected an escape`, Auto},
		{"bad tag", `{:process # 1}`, "found #, expected a tag", Auto},
		{"EDN not UTF-8", "{:process \xff}", "line 1, column 11: found bytes that are not UTF-8", Auto},
		{"long event", `{:process "` + strings.Repeat("x", 2<<20), "found an event of more than 1 MiB", Auto},
		{"no map", "[1]", "line 1, column 2: found an integer, expected a map", Auto},
		{"JSON in EDN", `[{"id" 1}]`, `found the key "\"id\"", expected a keyword`, Auto},
		{"no process", "{:type :ok}", "found no :process, expected one", Auto},
		{"bad process", "{:process -1}", `line 1, column 11: found :process an integer, "-1"`, Auto},
		{"bad type", "{:process 0 :type :maybe}", `line 1, column 19: found :type a keyword, ":maybe", expected :invoke, :ok, :fail or :info`, Auto},
		{"bad f", "{:process 0 :type :invoke :f :txn :value [[:r 1 nil]]}", `found :f a keyword, ":txn", expected :acquire, :cas, :dequeue, :enqueue, :read, :release, :write`, Auto},
		{"bad time", "{:process 0 :type :invoke :f :read :time 1.5}", `found :time a float, "1.5e+00", expected an integer, in nanoseconds`, Auto},
		{"bad cas", "{:process 0 :type :invoke :f :cas :value 3}", `found a cas of an integer, "3", expected [EXPECTED NEW]`, Auto},
		{"read of a value", "{:process 0 :type :invoke :f :read :value 3}", "found an invoked read with an integer", Auto},
		{"ok first", "{:process 0, :type :ok, :f :write, :value 1}", "line 1, column 1: found a completion (ok) by process 0, expected its invocation before it", Auto},
		{"two invocations", invoke + invoke, "line 2, column 1: found a second invocation by process 0, expected a completion of its first, in line 1", Auto},
		{"other f", invoke + "{:process 0, :type :ok, :f :read, :value 1}", "line 2, column 1: found the completion of a read, expected that of the write invoked in line 1", Auto},
		{"other value", invoke + "{:process 0, :type :ok, :f :write, :value 2}", "line 2, column 1: found another key or value", Auto},
		{"time later on", invoke + "{:process 1, :type :invoke, :f :write, :value 1, :time 1}", "line 2, column 1: found an operation with a time", Auto},
		{"key later on", invoke + "{:process 1, :type :invoke, :f :write, :value [2 1]}", "found an operation with a key, expected the same as in line 1", Auto},

		{"log without value", "INFO  jepsen.util - 0\t:invoke\t:read\n", "line 1: found", Auto},
		{"log with more", "INFO  jepsen.util - 0\t:invoke\t:write\t3 4\n", "line 1, column 40: found more than one value", Auto},
		{"other log", "INFO  jepsen.core - hello\n", `found "INFO  jepsen.core - hello", expected INFO  jepsen.util`, Auto},
		{"log in the middle", "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n\n", `line 2: found ""`, Auto},
		{"log type", "INFO  jepsen.util - 0\t:done\t:read\tnil\n", `line 1, column 23: found :type a keyword, ":done"`, Auto},

		{"KV without key", "{:process 0, :type :invoke, :f :get, :value nil}", "line 1, column 1: found no :key", KVLog},
		{"KV number", `{:process 0, :type :invoke, :f :put, :key "x", :value 3}`, `line 1, column 55: found an integer, "3", expected a string or nil`, Auto},
		{"KV key number", `{:process 0, :type :invoke, :f :put, :key 1, :value "3"}`, `found :key an integer, "1", expected a string`, Auto},
	} {
		t.Run(c.name, func(t *testing.T) {
			history, _, err := Decode(strings.NewReader(c.input), c.format)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v\nwant %s (read %d operations)", err, c.want, len(history))
			}
		})
	}
}

// endless gives "x" for ever: 100 MB on one line, or more.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

// TestEndlessLine: a line without end is given up after a bounded part of it.
func TestEndlessLine(t *testing.T) {
	for _, start := range []string{header, "{:process ", "{:process \"", ";", "INFO "} {
		var source endless
		_, _, err := Decode(io.MultiReader(strings.NewReader(start), &source), Auto)
		var fault *ReadError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), "more than 1 MiB") || source.read > 4<<20 {
			t.Errorf("%q: %v after %d bytes", start, err, source.read)
		}
	}
}

// TestReadFails: an error of the reader is given back, wherever it comes.
func TestReadFails(t *testing.T) {
	broken := errors.New("disk on fire")
	for _, start := range []string{"", header + `{"id"`, "{:process", `{:process "`, "{:process 0 ", "INFO  jepsen.util"} {
		_, _, err := Decode(io.MultiReader(strings.NewReader(start), &failing{broken}), Auto)
		if !errors.Is(err, broken) {
			t.Errorf("%q: %v", start, err)
		}
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// TestEDNValues: different values have different texts, equal ones the same.
func TestEDNValues(t *testing.T) {
	texts := map[string]string{}
	for _, c := range []struct{ edn, want string }{
		{"3", "3"},
		{"3N", "3"},
		{"+03", "3"},
		{"-0", "0"},
		{"-3", "-3"},
		{`"3"`, `"3"`},
		{"3.0", "3e+00"},
		{"3.00M", "3e+00"},
		{"true", "true"},
		{`"true"`, `"true"`},
		{":a/b", ":a/b"},
		{`":a"`, `":a"`},
		{`"a b"`, "a b"},
		{"a", "'a"},
		{`"'a"`, `"'a"`},
		{`\a`, `\a`},
		{`\(`, `\(`},
		{`"\u00e9\n"`, "é\n"},
		{"[1 [2]]", "[1 [2]]"},
		{"(1 2)", "[1 2]"},
		{`"[1 2]"`, `"[1 2]"`},
		{"#{2 1}", "#{1 2}"},
		{"{:b 1, :a 2}", "{:a 2, :b 1}"},
		{"#foo/bar 7", "7"},
		{`""`, ""},
		{"#_ 1 2", "2"},
		{"; x\n5", "5"},
		{"-", "'-"},
	} {
		f, err := formIn([]byte(c.edn), 1, 1)
		if err != nil || f.value() != Some(c.want) {
			t.Errorf("%s: %v %v, want %q", c.edn, f.value(), err, c.want)
		}
		texts[c.edn] = f.value().Text
	}
	if f, err := formIn([]byte("nil"), 1, 1); err != nil || f.value() != (Value{}) {
		t.Errorf("nil: %v %v", f.value(), err)
	}
}

// TestOddButFine: forms that occur in histories from elsewhere.
func TestOddButFine(t *testing.T) {
	for name, input := range map[string]string{
		"windows line ends": strings.ReplaceAll(header+goodOp+"\n", "\n", "\r\n"),
		"no last line end":  header + goodOp,
		"list":              "(" + invoke + ")",
		"ok without value":  invoke + "{:process 0, :type :ok, :f :write}",
		"process after a crash": invoke + "{:process 0, :type :info, :f :write, :value 1, :error \"x\"}" +
			"{:process 0, :type :invoke, :f :write, :value 2}",
		"node": "{:process 0, :type :invoke, :f :write, :value 1, :node \"n1\"}",
	} {
		if history, _, err := Decode(strings.NewReader(input), Auto); err != nil || len(history) == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSequenceBeatsClock: the order of events is kept when their times are not
// in it; equal times must not make operations concurrent.
func TestSequenceBeatsClock(t *testing.T) {
	const input = `{:process 0, :type :invoke, :f :write, :value 1, :time 10}
		{:process 0, :type :ok, :f :write, :value 1, :time 20}
		{:process 1, :type :invoke, :f :read, :value nil, :time 20}
		{:process 1, :type :ok, :f :read, :value nil, :time 15}`
	history, report, err := Decode(strings.NewReader(input), Auto)
	if err != nil || report.Shifted != 2 {
		t.Fatalf("%+v %v", report, err)
	}
	if result := mustCheck(t, history, Register()); result.Verdict != Violated {
		t.Errorf("%s", result.Verdict)
	}
}

// fuzz reads anything as one format: never a panic, and what is read is valid
// and survives our own format.
func fuzz(f *testing.F, format Format, seeds ...string) {
	files, err := filepath.Glob("testdata/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		history, _, err := Decode(bytes.NewReader(data), format)
		if err != nil {
			var fault *ReadError
			if !errors.As(err, &fault) || fault.Line < 1 || fault.Column < 0 || fault.Found == "" || fault.Expected == "" {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		if err := history.Validate(); err != nil {
			t.Fatal(err)
		}
		roundTrip(t, history)
	})
}

func FuzzDecodeAuto(f *testing.F) { fuzz(f, Auto, "", "[", "#_") }
func FuzzDecodeJSONL(f *testing.F) {
	fuzz(f, JSONL, header+goodOp, header+"{}", objectLines(queueLines), objectLines(lockLines))
}

func FuzzDecodeJepsen(f *testing.F) {
	fuzz(f, Jepsen, invoke, "[#a{}]", `{:process "\u12`, queueEDN, lockEDN)
}

func FuzzDecodeEtcdLog(f *testing.F) {
	fuzz(f, EtcdLog, "INFO jepsen.util - 0 :ok :cas [1 2]", logOf(queueEDN), logOf(lockEDN))
}

func FuzzDecodeKVLog(f *testing.F) {
	fuzz(f, KVLog, `{:process 0 :type :invoke :f :cas :key "x" :value ["" "a"]}`)
}
