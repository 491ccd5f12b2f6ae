package language

import (
	"errors"
	"slices"

	"quorumlab/protocols"
)

// tryProtocol makes every node once and reports what the protocol finds wrong
// with its parameters: numbers out of range, values that do not go together.
func (c *compiler) tryProtocol() {
	if len(c.problems) > 0 || c.vocabulary.Machine == nil || c.protocol.New == nil {
		return
	}
	config := protocols.Config{
		Members: c.run.Cluster.Members, Tick: c.run.Cluster.Tick, Parameters: map[string]string{},
	}
	for _, p := range c.protocol.Parameters {
		config.Parameters[p.Name] = p.Default
	}
	for _, p := range c.body.Parameters {
		config.Parameters[p.Key] = string(p.Value.Value)
	}
	for _, node := range c.run.Cluster.Nodes {
		config.Nodes = append(config.Nodes, node.ID)
	}
	for _, id := range config.Nodes {
		config.Self = id
		config.Machine = c.vocabulary.Machine()
		if _, err := c.protocol.New(config); err != nil {
			c.refused(err)
			return
		}
	}
}

// refused reports why a protocol does not take a configuration.
func (c *compiler) refused(err error) {
	var wrong *protocols.ParameterError
	if !errors.As(err, &wrong) {
		c.fail(c.shape(), "what "+c.protocol.Name+" refuses", "a cluster and parameters that it takes", err.Error())
		return
	}
	where := c.shape()
	for _, name := range append([]string{wrong.Name}, wrong.With...) {
		if at := slices.IndexFunc(c.body.Parameters, func(p keyed[leaf[text]]) bool { return p.Key == name }); at >= 0 {
			where = c.body.Parameters[at].Value.place
			break
		}
	}
	c.fail(where, "the parameter "+wrong.Name+" as "+quote(wrong.Value), wrong.Must, c.helpFor(wrong.Name))
}

// shape is where the document tells how many nodes there are and who votes, or
// else which protocol they run: the place of what no given parameter causes.
func (c *compiler) shape() place {
	for _, at := range []place{c.body.Cluster.Members.place, c.body.Cluster.Nodes.place} {
		if at.known() {
			return at
		}
	}
	return c.body.Protocol.place
}

// helpFor tells what a parameter is for.
func (c *compiler) helpFor(name string) string {
	at := slices.IndexFunc(c.protocol.Parameters, func(p protocols.Parameter) bool { return p.Name == name })
	if at < 0 {
		return ""
	}
	p := c.protocol.Parameters[at]
	return name + ": " + p.Help + "; default " + quote(p.Default)
}
