package cluster

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"quorumlab/protocols"
)

// Layout is what the file cluster.json of a folder tells.
type Layout struct {
	Schema   int          `json:"schema"`
	Cluster  string       `json:"cluster"`
	Protocol string       `json:"protocol"`
	Nodes    []NodeLayout `json:"nodes"`
	// Control is where the supervisor can be told what to do, with Token; both are
	// empty if none runs that can.
	Control string `json:"control,omitempty"`
	Token   string `json:"token,omitempty"`
}

// NodeLayout holds the addresses of a node.
type NodeLayout struct {
	ID      protocols.NodeID `json:"id"`
	Clients string           `json:"clients"`
	Peers   string           `json:"peers"`
	Admin   string           `json:"admin"`
}

const layoutFile = "cluster.json"

// ReadLayout reads the layout of the cluster in a folder.
func ReadLayout(dir string) (Layout, error) {
	var l Layout
	name := filepath.Join(dir, layoutFile)
	text, err := os.ReadFile(name)
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return l, fmt.Errorf("%s: %w", name, err)
	}
	if l.Schema != 1 || len(l.Nodes) == 0 {
		return l, fmt.Errorf("%s: is not of a version that this program knows", name)
	}
	return l, nil
}

// write replaces the file as a whole. It holds a secret.
func (l Layout) write(dir string) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return err
	}
	name := filepath.Join(dir, layoutFile)
	if err := os.WriteFile(name+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// Doors returns the addresses of all nodes' doors for clients.
func (l Layout) Doors() []string {
	var doors []string
	for _, node := range l.Nodes {
		doors = append(doors, node.Clients)
	}
	return doors
}

// free tells whether nobody uses the addresses.
func (l Layout) free() bool {
	for _, node := range l.Nodes {
		for _, address := range []string{node.Clients, node.Peers, node.Admin} {
			listener, err := net.Listen("tcp", address)
			if err != nil {
				return false
			}
			listener.Close()
		}
	}
	return true
}
