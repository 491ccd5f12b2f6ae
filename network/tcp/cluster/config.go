package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"quorumlab/protocols"
	"quorumlab/protocols/hint"
)

// Config is the configuration of one node, as its file has it.
type Config struct {
	// ID is the node's number, Cluster the name of what it belongs to.
	ID      protocols.NodeID `yaml:"id"`
	Cluster string           `yaml:"cluster"`
	// Protocol is zab or paxos, Parameters are its own; Tick is the unit of its
	// time-outs.
	Protocol   string            `yaml:"protocol"`
	Parameters map[string]string `yaml:"parameters,omitempty"`
	Tick       time.Duration     `yaml:"tick"`
	// Data is the folder of the node's disk.
	Data string `yaml:"data"`
	// Peers holds where all other nodes can be reached.
	Peers map[protocols.NodeID]string `yaml:"peers,omitempty"`
	// Listen says where this node can be reached: by peers, clients, operators.
	Listen Listen `yaml:"listen"`
	TLS    *TLS   `yaml:"tls,omitempty"`
	Log    Log    `yaml:"log,omitempty"`
	Limits Limits `yaml:"limits,omitempty"`

	name   string
	source []byte
	file   *ast.File
}

// Listen are addresses, as host:port. Without Admin there is none for operators.
type Listen struct {
	Peers   string `yaml:"peers"`
	Clients string `yaml:"clients"`
	Admin   string `yaml:"admin,omitempty"`
}

// TLS are files in PEM.
type TLS struct {
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
	Authority   string `yaml:"authority"`
}

// Log says what is logged, and how.
type Log struct {
	// Level is debug, info, warn or error.
	Level string `yaml:"level,omitempty"`
	// Format is text or json.
	Format string `yaml:"format,omitempty"`
}

// DefaultTick is the tick of a configuration that says nothing.
const DefaultTick = 100 * time.Millisecond

// Problem is one thing that is wrong with a configuration file.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 if it is about the whole file
	Message      string
	Hint         string // "" if there is none
	Excerpt      string
}

// Error tells the problem in up to a few lines.
func (p *Problem) Error() string {
	text := p.File
	if p.Line > 0 {
		text += fmt.Sprintf(":%d:%d", p.Line, p.Column)
	}
	text += ": " + p.Message
	if p.Excerpt != "" {
		text += "\n" + p.Excerpt
	}
	if p.Hint != "" {
		text += "\n  hint: " + p.Hint
	}
	return text
}

// Read reads the configuration file of a node.
func Read(name string) (*Config, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(name, source)
}

// Parse reads a configuration. An error is a Problem, with its place.
func Parse(name string, source []byte) (*Config, error) {
	c := &Config{name: name, source: source}
	file, err := parser.ParseBytes(source, 0)
	if err != nil {
		return nil, c.syntax(err)
	}
	c.file = file
	decoder := yaml.NewDecoder(bytes.NewReader(source), yaml.DisallowUnknownField())
	if err := decoder.Decode(c); err != nil {
		return nil, c.syntax(err)
	}
	if c.Tick == 0 {
		c.Tick = DefaultTick
	}
	return c, c.check()
}

// syntax makes a Problem of what the YAML library says.
func (c *Config) syntax(err error) error {
	p := &Problem{File: c.name, Message: err.Error()}
	if told, ok := errors.AsType[yaml.Error](err); ok {
		p.Message = told.GetMessage()
		if token := told.GetToken(); token != nil {
			p.Line, p.Column = token.Position.Line, token.Position.Column
			p.Excerpt = c.excerpt(p.Line, p.Column)
		}
	}
	if field, ok := strings.CutPrefix(p.Message, "unknown field "); ok {
		p.Hint = hint.For(strings.Trim(field, `"`), keys(reflect.TypeFor[Config]()))
	}
	return p
}

// keys returns the names that a configuration may hold, at any level.
func keys(t reflect.Type) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	var names []string
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ","); name != "" {
			names = append(append(names, name), keys(t.Field(i).Type)...)
		}
	}
	return names
}

// Wrong returns a Problem with what stands at a path, such as $.listen.peers; if
// nothing does, with the file.
func (c *Config) Wrong(path, hint, format string, args ...any) error {
	p := &Problem{File: c.name, Message: fmt.Sprintf(format, args...), Hint: hint}
	if where, err := yaml.PathString(path); err == nil && c.file != nil {
		if node, err := where.FilterFile(c.file); err == nil && node != nil {
			position := node.GetToken().Position
			p.Line, p.Column = position.Line, position.Column
			p.Excerpt = c.excerpt(p.Line, p.Column)
		}
	}
	return p
}

// excerpt returns a line of the file with a caret below a column.
func (c *Config) excerpt(line, column int) string {
	lines := strings.Split(string(c.source), "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	text := strings.ReplaceAll(lines[line-1], "\t", " ")
	return fmt.Sprintf("  %s\n  %s^", text, strings.Repeat(" ", max(0, column-1)))
}

var clusterName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (c *Config) check() error {
	switch {
	case c.ID == 0:
		return c.Wrong("$.id", "id: 1", "the node needs an id, a number from 1")
	case !clusterName.MatchString(c.Cluster):
		return c.Wrong("$.cluster", "cluster: my-cluster", "cluster is %q: use lower-case letters, digits and hyphens, as in a host's name", c.Cluster)
	case c.Protocol == "":
		return c.Wrong("$.protocol", "protocol: zab", "the node needs a protocol")
	case c.Tick < time.Millisecond || c.Tick > time.Minute:
		return c.Wrong("$.tick", "tick: 100ms", "tick is %v: use 1ms to 1m", c.Tick)
	case c.Data == "":
		return c.Wrong("$.data", "data: /var/lib/quorumlab", "the node needs a folder for its data")
	}
	for _, id := range slices.Sorted(maps.Keys(c.Peers)) {
		path := fmt.Sprintf("$.peers.%d", id)
		if id == 0 || id == c.ID {
			return c.Wrong(path, "name the others only", "node %d is no peer of node %d", id, c.ID)
		}
		if err := c.address(path, c.Peers[id]); err != nil {
			return err
		}
	}
	addresses := map[string]string{"$.listen.clients": c.Listen.Clients}
	if len(c.Peers) > 0 || c.Listen.Peers != "" {
		addresses["$.listen.peers"] = c.Listen.Peers
	}
	if c.Listen.Admin != "" {
		addresses["$.listen.admin"] = c.Listen.Admin
	}
	for _, path := range slices.Sorted(maps.Keys(addresses)) {
		if err := c.address(path, addresses[path]); err != nil {
			return err
		}
	}
	return c.checkRest()
}

func (c *Config) checkRest() error {
	levels, formats := []string{"debug", "info", "warn", "error"}, []string{"text", "json"}
	switch {
	case c.Log.Level != "" && !slices.Contains(levels, c.Log.Level):
		return c.Wrong("$.log.level", hint.For(c.Log.Level, levels), "no log level %q", c.Log.Level)
	case c.Log.Format != "" && !slices.Contains(formats, c.Log.Format):
		return c.Wrong("$.log.format", hint.For(c.Log.Format, formats), "no log format %q", c.Log.Format)
	case c.TLS != nil && (c.TLS.Certificate == "" || c.TLS.Key == "" || c.TLS.Authority == ""):
		return c.Wrong("$.tls", "tls: {certificate: node.pem, key: node.key, authority: ca.pem}", "a certificate, its key and an authority are needed")
	}
	_, err := c.limits()
	return err
}

func (c *Config) address(path, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		name := path[strings.LastIndex(path, ".")+1:]
		return c.Wrong(path, "for example "+name+": 127.0.0.1:4100", "%q is no address: use host:port", address)
	}
	return nil
}

// Nodes returns the ids of all nodes, in growing order.
func (c *Config) Nodes() []protocols.NodeID {
	return slices.Sorted(maps.Keys(withSelf(c.Peers, c.ID)))
}

func withSelf(peers map[protocols.NodeID]string, self protocols.NodeID) map[protocols.NodeID]string {
	all := maps.Clone(peers)
	if all == nil {
		all = map[protocols.NodeID]string{}
	}
	all[self] = ""
	return all
}

// Write writes a configuration file.
func (c *Config) Write(name string) error {
	text, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o600)
}
