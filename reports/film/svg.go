package film

import (
	"fmt"
	"html"
	"io"
	"strings"
)

// The measures of a diagram in pixels.
const (
	laneGap   = 88
	rowHeight = 22
	timeWide  = 72
	headHigh  = 34
	textWide  = 430
)

// Diagram writes a space-time diagram: a lane for each client that does something
// and each node, time downward, a row a frame. Its texts take the colour of what
// it stands in. page tells whether it is a part of a page, else a file of its own.
func (f *Film) Diagram(w io.Writer, page bool) error {
	d := diagram{film: f, sent: map[uint64]place{}}
	d.lanes()
	var b strings.Builder
	width := timeWide + laneGap*d.count + textWide
	height := headHigh + rowHeight*(len(f.Frames)+1)
	if !page {
		b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="spacetime" role="img" viewBox="0 0 %d %d" width="%d" height="%d" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="11" fill="currentColor">`,
		width, height, width, height)
	fmt.Fprintf(&b, `<title>%s</title>`, html.EscapeString("Space-time diagram of "+f.Scenario+", "+f.Run))
	if !page {
		fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><g color="#111">`, width, height)
	}
	d.heads(&b, height)
	for i := range f.Frames {
		d.row(&b, i)
	}
	if !page {
		b.WriteString("</g>")
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

type place struct{ x, y int }

type diagram struct {
	film    *Film
	clients map[int]int // lanes, by number; nodes come after them
	count   int
	sent    map[uint64]place // where a message was sent
}

// lanes gives a lane to each client that does something, and to each node.
func (d *diagram) lanes() {
	d.clients = map[int]int{}
	for i := range d.film.Frames {
		if c := d.film.Frames[i].Client; c != nil {
			d.clients[c.ID] = 0
		}
	}
	for id := 1; id <= len(d.film.Clients); id++ {
		if _, acts := d.clients[id]; acts {
			d.clients[id] = d.count
			d.count++
		}
	}
	d.count += len(d.film.Nodes)
}

func (d *diagram) client(id int) int { return timeWide + laneGap*d.clients[id] + laneGap/2 }

func (d *diagram) node(id int) int { return timeWide + laneGap*(len(d.clients)+id-1) + laneGap/2 }

func (d *diagram) heads(b *strings.Builder, height int) {
	lane := func(x int, text, dash string) {
		fmt.Fprintf(b, `<text x="%d" y="20" text-anchor="middle" font-weight="bold">%s</text><line x1="%d" y1="26" x2="%d" y2="%d" stroke="currentColor" stroke-opacity=".35"%s/>`,
			x, html.EscapeString(text), x, x, height, dash)
	}
	for id := 1; id <= len(d.film.Clients); id++ {
		if _, acts := d.clients[id]; acts {
			lane(d.client(id), d.film.Clients[id-1], ` stroke-dasharray="2 3"`)
		}
	}
	for id := range d.film.Nodes {
		lane(d.node(id+1), d.film.Nodes[id], "")
	}
}

// row draws a frame. What belongs to it is a group, for who steps through.
func (d *diagram) row(b *strings.Builder, i int) {
	f := &d.film.Frames[i]
	y := headHigh + rowHeight*i + rowHeight/2
	fmt.Fprintf(b, `<g class="frame" data-step="%d">`, f.Step)
	if f.Fault {
		fmt.Fprintf(b, `<rect x="0" y="%d" width="%d" height="%d" fill="#808080" fill-opacity=".18"/>`, y-rowHeight/2, timeWide+laneGap*d.count+textWide, rowHeight)
	}
	if i == 0 || f.At != d.film.Frames[i-1].At {
		fmt.Fprintf(b, `<text x="4" y="%d" fill-opacity=".75">%s</text>`, y+4, seconds(f.At))
	}
	if i > 0 && f.Step > d.film.Frames[i-1].Step+1 {
		fmt.Fprintf(b, `<line x1="0" x2="%d" y1="%d" y2="%d" stroke="currentColor" stroke-dasharray="1 4"/>`, timeWide+laneGap*d.count+textWide, y-rowHeight/2, y-rowHeight/2)
	}
	if f.Received != 0 && f.Node != 0 {
		if from, known := d.sent[f.Received]; known {
			arrow(b, from, place{d.node(f.Node), y}, "message")
		}
	}
	if f.From != 0 && f.From != f.Node {
		arrow(b, place{d.node(f.From), y}, place{d.node(f.Node), y}, "message")
	}
	d.clientArrow(b, f, y)
	if f.Node != 0 {
		d.mark(b, f, y)
		for _, m := range f.Sent {
			d.sent[m.ID] = place{d.node(m.From), y}
		}
	}
	fmt.Fprintf(b, `<text x="%d" y="%d">%s</text></g>`, timeWide+laneGap*d.count+8, y+4, html.EscapeString(clip(d.words(f), 66)))
}

// mark draws what a node did, told apart by its shape.
func (d *diagram) mark(b *strings.Builder, f *Frame, y int) {
	x := d.node(f.Node)
	switch {
	case f.Down:
		fmt.Fprintf(b, `<path class="mark" d="M%d %dl10 10m0 -10l-10 10" stroke="#D55E00" stroke-width="2.5"/>`, x-5, y-5)
	case f.Kind == "restart" || strings.HasSuffix(f.Text, "boots from its disk"):
		fmt.Fprintf(b, `<path class="mark" d="M%d %dl6 10h-12z" fill="#009E73"/>`, x, y-5)
	case f.Kind == "sync":
		fmt.Fprintf(b, `<rect class="mark" x="%d" y="%d" width="8" height="8" fill="#E69F00"/>`, x-4, y-4)
	case f.Kind == "fire":
		fmt.Fprintf(b, `<circle class="mark" cx="%d" cy="%d" r="4" fill="none" stroke="currentColor" stroke-width="1.5"/>`, x, y)
	default:
		fmt.Fprintf(b, `<circle class="mark" cx="%d" cy="%d" r="4" fill="#0072B2"/>`, x, y)
	}
}

func (d *diagram) clientArrow(b *strings.Builder, f *Frame, y int) {
	if f.Client == nil || f.Client.Node == 0 {
		return
	}
	client, node := place{d.client(f.Client.ID), y}, place{d.node(f.Client.Node), y}
	if f.Client.Does == "return" {
		client, node = node, client
		if f.Client.Outcome != "ok" {
			x := d.client(f.Client.ID)
			fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle" font-weight="bold">%s</text>`, x, y+4, map[string]string{"fail": "✕", "info": "?"}[f.Client.Outcome])
			return
		}
	}
	arrow(b, client, node, "call")
}

// arrow draws one, with a head.
func arrow(b *strings.Builder, from, to place, class string) {
	dash, colour := "", "#0072B2"
	if class == "call" {
		dash, colour = ` stroke-dasharray="5 3"`, "#CC79A7"
	}
	back := 6
	if to.x < from.x {
		back = -6
	}
	fmt.Fprintf(b, `<g class="%s" stroke="%s" fill="%s"><line x1="%d" y1="%d" x2="%d" y2="%d"%s/><path d="M%d %dl%d -3v6z" stroke="none"/></g>`,
		class, colour, colour, from.x, from.y, to.x-back, to.y, dash, to.x-back/3, to.y, -back)
}

// words says what a frame is about.
func (d *diagram) words(f *Frame) string {
	text := f.Text
	for _, effect := range f.Effects {
		if strings.HasPrefix(effect, "★") {
			text += " · " + effect
		}
	}
	return text
}
