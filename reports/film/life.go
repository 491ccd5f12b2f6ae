package film

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"quorumlab/protocols"
	"quorumlab/protocols/state"
	"quorumlab/sim/trace"
)

// Lived films what is played of a life of a real node. What the others did is not
// known: arrows tell from whom a message came, and not when it was sent.
func Lived(player *trace.Player, header trace.Header, codec *state.Codec, keep func(step uint64) bool) (*Film, error) {
	live := player.Live
	f := &Film{
		Scenario: fmt.Sprintf("node %d of %s", live.Self, live.Cluster), Run: live.Protocol, Title: "what a real node did",
		Origin: "started " + live.Started.UTC().Format(time.RFC3339), Mutant: header.Mutant,
		Nodes: []string{}, Clients: []string{}, Frames: []Frame{}, Verdicts: []Verdict{}, Story: []Line{},
	}
	for _, id := range live.Nodes {
		f.Nodes = append(f.Nodes, fmt.Sprintf("node %d", id))
	}
	c := &camera{take: Take{Keep: keep}, film: f, seen: make([]map[string]string, len(f.Nodes)), real: live.Nodes}
	for {
		err := player.Next()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, err
		}
		f.Steps = player.Steps()
		if keep(f.Steps) {
			c.lived(player, codec)
		}
	}
}

// lived films a step of a real node.
func (c *camera) lived(player *trace.Player, codec *state.Codec) {
	step := player.Step
	place := c.place(step.Node)
	f := Frame{Step: player.Steps(), At: step.Time, Kind: step.Choice.Kind.String(), Node: place}
	if e, ok := step.Event.(protocols.Received); ok {
		f.From = c.place(e.From)
	}
	f.Text = c.event(codec, &step, &f)
	f.Received = 0 // messages of real nodes have no numbers
	c.effects(codec, &step, &f)
	for _, effect := range step.Effects {
		if send, ok := effect.(protocols.Send); ok {
			f.Effects = append(f.Effects, fmt.Sprintf("sends %s to %s: %s", nameOf(send.Message), c.node(send.To), show(codec, send.Message)))
		}
	}
	c.stateIs(placesOf(codec, player.Node), &f, place-1)
	c.film.Frames = append(c.film.Frames, f)
}

// place returns the number of a real node among those of the film.
func (c *camera) place(id protocols.NodeID) int { return slices.Index(c.real, id) + 1 }

// node and client name who acts: of real ones there are numbers only.
func (c *camera) node(id protocols.NodeID) string {
	if c.real != nil {
		return name(c.film.Nodes, c.place(id))
	}
	return name(c.film.Nodes, int(id))
}

func (c *camera) client(id protocols.ClientID) string {
	if c.real != nil {
		return fmt.Sprintf("client %d", id)
	}
	return name(c.film.Clients, int(id))
}
