package film_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"quorumlab/reports/film"
	"quorumlab/scenarios"
)

// trace returns a lab and the trace of a shipped scenario.
func trace(t *testing.T, name string) (*scenarios.Lab, []byte) {
	t.Helper()
	lab, err := scenarios.NewLab()
	if err != nil {
		t.Fatal(err)
	}
	scenario, err := lab.Shipped(name)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := lab.Run(context.Background(), scenario, scenarios.Options{Seed: 1, Trace: &b}); err != nil {
		t.Fatal(err)
	}
	return lab, b.Bytes()
}

func TestFilmTellsTheRun(t *testing.T) {
	lab, data := trace(t, "cap-partition")
	f, err := film.Traced(context.Background(), lab, bytes.NewReader(data), 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f.Run != "figure-3-answer" || uint64(len(f.Frames)) != f.Steps || strings.Join(f.Nodes, " ") != "N1 N2" {
		t.Fatalf("run %s, %d frames of %d steps, nodes %v", f.Run, len(f.Frames), f.Steps, f.Nodes)
	}
	// What a node's state is at the end, by its changes; and what is under way.
	values, inbox := map[string]string{}, map[uint64]film.Message{}
	faults, returns := 0, 0
	for i, frame := range f.Frames {
		if frame.Step != uint64(i+1) || frame.Text == "" {
			t.Fatalf("frame %d is %+v", i, frame)
		}
		for _, c := range frame.Changes {
			if c.After == nil {
				delete(values, f.Nodes[frame.Node-1]+" "+c.Path)
			} else {
				values[f.Nodes[frame.Node-1]+" "+c.Path] = *c.After
			}
		}
		if frame.Received != 0 {
			if m, known := inbox[frame.Received]; !known || m.To != frame.Node {
				t.Errorf("step %d receives message %d, which is not under way to node %d", frame.Step, frame.Received, frame.Node)
			}
			delete(inbox, frame.Received)
		}
		for _, m := range frame.Sent {
			inbox[m.ID] = m
		}
		for _, id := range frame.Gone {
			delete(inbox, id)
		}
		if frame.Fault {
			faults++
		}
		if frame.Client != nil && frame.Client.Does == "return" {
			returns++
		}
	}
	if values["N1 sessions.machine.values.V"] != "V1" || values["N2 sessions.machine.values.V"] != "V1" {
		t.Errorf("at the end V is not V1 everywhere: %v", values)
	}
	if faults < 2 || returns != 6 {
		t.Errorf("%d faults, %d returns, want two at least and six", faults, returns)
	}
	violated := 0
	for _, v := range f.Verdicts {
		if v.Verdict == "violated" && v.Step > 0 {
			violated++
		}
	}
	if violated != 1 {
		t.Errorf("the verdicts are %+v", f.Verdicts)
	}
}

func TestFormats(t *testing.T) {
	lab, data := trace(t, "3pc-crash")
	for _, format := range film.Formats() {
		var one, two bytes.Buffer
		write := func(cut film.Cut, w io.Writer) error {
			f, err := film.Traced(context.Background(), lab, bytes.NewReader(data), cut.Section, cut.Keep)
			if err != nil {
				return err
			}
			return format.Write(f, cut, w)
		}
		cut := film.Cut{From: 10, To: 120}
		if err := write(cut, &one); err != nil {
			t.Fatalf("%s: %v", format.Name, err)
		}
		if err := write(cut, &two); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Errorf("%s: the same trace gives different bytes", format.Name)
		}
		check := map[string]func(*testing.T, []byte){"html": checkPage, "svg": checkSVG, "shiviz": checkShiViz, "asciicast": checkCast}[format.Name]
		t.Run(format.Name, func(t *testing.T) { check(t, one.Bytes()) })
		if err := write(film.Cut{Section: 99}, io.Discard); err == nil {
			t.Errorf("%s: a run that there is not is written", format.Name)
		}
		if err := write(film.Cut{From: 1 << 40, To: 1 << 41}, io.Discard); err == nil {
			t.Errorf("%s: steps that there are not are written", format.Name)
		}
	}
}

func checkPage(t *testing.T, page []byte) {
	for _, loads := range []string{`src=`, `href=`, "url(", "@import", "http-equiv=\"refresh"} {
		if bytes.Contains(page, []byte(loads)) {
			t.Errorf("the page loads something: %s", loads)
		}
	}
	match := regexp.MustCompile(`(?s)<script type="application/json" id="film">(.*?)</script>`).FindSubmatch(page)
	if match == nil {
		t.Fatal("there is no film in the page")
	}
	var f film.Film
	if err := json.Unmarshal(match[1], &f); err != nil || len(f.Frames) != 111 || f.Frames[0].Step != 10 {
		t.Errorf("the film: %v, %d frames", err, len(f.Frames))
	}
}

func checkSVG(t *testing.T, svg []byte) {
	decoder, rows := xml.NewDecoder(bytes.NewReader(svg)), 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "g" && len(start.Attr) > 0 && start.Attr[0].Value == "frame" {
			rows++
		}
	}
	if rows != 111 {
		t.Errorf("%d rows, want 111", rows)
	}
}

// checkShiViz reads the log as ShiViz does, and tells whether its clocks are those
// of a run: each host counts its own events, and knows no event of another that
// is not in the log before.
func checkShiViz(t *testing.T, log []byte) {
	pattern := regexp.MustCompile(strings.ReplaceAll(film.ShivizPattern, "(?<", "(?P<"))
	counts := map[string]int{}
	matches := pattern.FindAllSubmatch(log, -1)
	if lines := bytes.Count(log, []byte("\n")); 2*len(matches) != lines || lines == 0 {
		t.Fatalf("%d events in %d lines", len(matches), lines)
	}
	joined := 0
	for _, m := range matches {
		host := string(m[1])
		var clock map[string]int
		if err := json.Unmarshal(m[2], &clock); err != nil {
			t.Fatal(err)
		}
		counts[host]++
		for who, n := range clock {
			if n > counts[who] || who == host && n != counts[host] {
				t.Fatalf("%s after %d events has the clock %v", host, counts[host], clock)
			}
		}
		if len(clock) > 1 {
			joined++
		}
	}
	if joined == 0 {
		t.Error("nobody heard of anybody")
	}
}

func checkCast(t *testing.T, cast []byte) {
	lines := bufio.NewScanner(bytes.NewReader(cast))
	lines.Scan()
	var header struct{ Version, Width, Height int }
	if err := json.Unmarshal(lines.Bytes(), &header); err != nil || header.Version != 2 || header.Width == 0 {
		t.Fatalf("the header is %s: %v", lines.Text(), err)
	}
	last, events := 0.0, 0
	for lines.Scan() {
		var event []any
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil || len(event) != 3 || event[1] != "o" {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		at := event[0].(float64)
		if at < last {
			t.Fatalf("time goes back from %v to %v", last, at)
		}
		last, events = at, events+1
	}
	if events < 111 {
		t.Errorf("%d events", events)
	}
}
