package charts_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"quorumlab/reports/charts"
)

// parses tells whether something is well-formed XML.
func parses(svg []byte) error {
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func TestWhatCannotBeDrawnIsLeftOut(t *testing.T) {
	strange := []charts.Point{
		{X: math.NaN(), Y: 1}, {X: 1, Y: math.Inf(1)}, {X: 0, Y: 1}, {X: -1, Y: 1}, {X: 1, Y: 0}, {X: 1, Y: -3},
	}
	for name, panel := range map[string]charts.Panel{
		"no series":      {Title: "a"},
		"empty series":   {Title: "a", Series: []charts.Series{{Name: "x"}}},
		"nothing finite": {Title: "a", LogX: true, LogY: true, Series: []charts.Series{{Points: strange}}},
		"a single point": {
			Title: "a", LogX: true, LogY: true, Bands: []charts.Band{{From: 0, To: 5}, {From: 9, To: 3}},
			Series: []charts.Series{{Points: append(strange, charts.Point{X: 7, Y: 7, Label: "seven"}), Dots: true}},
		},
		"bars": {Title: "a", Bars: true, Ticks: []string{"p", "q"}, Legend: true, Series: []charts.Series{
			{Name: "m", Points: []charts.Point{{X: 0, Y: 3}, {X: 1, Y: math.NaN()}, {X: 9, Y: 9}}},
		}},
	} {
		svg, err := charts.Draw([]charts.Panel{panel}, 2, 300, 200)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := parses(svg); err != nil {
			t.Errorf("%s: not well-formed: %v", name, err)
		}
		empty := strings.Contains(string(svg), "nothing to show")
		if want := name != "a single point" && name != "bars"; empty != want {
			t.Errorf("%s: says that there is nothing to show: %v, want %v", name, empty, want)
		}
	}
	if _, err := charts.Draw(nil, 2, 300, 200); err == nil {
		t.Error("no panel at all is drawn")
	}
}

func TestTheSamePanelsGiveTheSameBytes(t *testing.T) {
	panels := []charts.Panel{
		{Title: "a", Legend: true, Bands: []charts.Band{{From: 1, To: 2}}, Series: []charts.Series{
			{Name: "x", Style: 1, Step: true, Points: []charts.Point{{X: 0, Y: 1}, {X: 3, Y: 2}}},
			{Name: "y", Style: 2, Dots: true, Points: []charts.Point{{X: 1, Y: 1, Label: "here"}}},
		}},
		{Title: "b", LogX: true, Names: []string{"p", "q"}, Series: []charts.Series{{Points: []charts.Point{{X: 5, Y: 1}, {X: 50, Y: 0}}}}},
		{Title: "c"},
	}
	first, err := charts.Draw(panels, 2, 300, 200)
	if err != nil {
		t.Fatal(err)
	}
	second, err := charts.Draw(panels, 2, 300, 200)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("two drawings differ")
	}
	if !bytes.Contains(first, []byte("@font-face")) {
		t.Error("no font is within the SVG")
	}
}
