package tcp_test

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"quorumlab/network"
	"quorumlab/network/tcp"
	"quorumlab/protocols"
)

// papers are the files of one identity.
type papers struct{ certificate, key, authority string }

// write puts the papers of a node, issued by an authority, where they belong.
func (p papers) write(t *testing.T, by *tcp.Authority, id protocols.NodeID) {
	t.Helper()
	certificate, key, err := by.Issue(id)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{p.certificate: certificate, p.key: key, p.authority: by.PEM()} {
		// A content of its own length, so that no clock is too coarse to tell.
		content = append([]byte(t.Name()+time.Now().String()+"\n"), content...)
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func newPapers(t *testing.T) papers {
	dir := t.TempDir()
	return papers{filepath.Join(dir, "node.pem"), filepath.Join(dir, "node.key"), filepath.Join(dir, "ca.pem")}
}

func authority(t *testing.T, cluster string) *tcp.Authority {
	t.Helper()
	made, err := tcp.NewAuthority(cluster)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// secured is a lab whose nodes show papers.
func secured(t *testing.T, by *tcp.Authority) (*lab, map[protocols.NodeID]papers) {
	t.Helper()
	all := map[protocols.NodeID]papers{}
	l := newLab(t, 2, protocols.Stream, func(c *tcp.Config) {
		if _, known := all[c.Self]; !known {
			all[c.Self] = newPapers(t)
			all[c.Self].write(t, by, c.Self)
		}
		p := all[c.Self]
		identity, err := tcp.NewIdentity(p.certificate, p.key, p.authority, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		c.TLS = identity
	})
	return l, all
}

func TestPeersShowCertificates(t *testing.T) {
	ours := authority(t, "test")
	l, _ := secured(t, ours)
	l.serves("secured")
	for name, test := range map[string]struct {
		by *tcp.Authority
		id protocols.NodeID
	}{
		"nobody":                    {},
		"one of another authority":  {authority(t, "test"), 1},
		"node 3":                    {ours, 3},
		"node 1 of another cluster": {authority(t, "other"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			conn := l.dial(2)
			config := &tls.Config{InsecureSkipVerify: true}
			if test.by != nil {
				certificate, key, err := test.by.Issue(test.id)
				if err != nil {
					t.Fatal(err)
				}
				pair, err := tls.X509KeyPair(certificate, key)
				if err != nil {
					t.Fatal(err)
				}
				config.Certificates = []tls.Certificate{pair}
			}
			secret := tls.Client(conn, config)
			// It pretends to be node 1.
			secret.Write(hello(1, 1, 1, 2, "test", "words"))
			answer, err := network.ReadFrame(secret, nil, 1000)
			if err == nil && string(answer[:5]) != "QLAB\x03" {
				t.Errorf("it is answered %q", answer)
			}
		})
	}
	plain := l.dial(2)
	plain.Write(hello(1, 1, 1, 2, "test", "words"))
	closed(t, plain)
	l.serves("secured still")
}

// Certificates are renewed by replacing files, while the nodes run; files that are
// broken change nothing.
func TestCertificatesAreReadAgain(t *testing.T) {
	first, second := authority(t, "test"), authority(t, "test")
	l, all := secured(t, first)
	l.serves("with the first")
	if err := os.WriteFile(all[1].certificate, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.serves("with a broken file")
	all[1].write(t, second, 1)
	all[2].write(t, second, 2)
	l.serves("with the second")
	// Whoever has papers of the first authority only is a stranger now.
	certificate, key, err := first.Issue(1)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	secret := tls.Client(l.dial(2), &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{pair}})
	secret.Write(hello(1, 1, 1, 2, "test", "words"))
	if _, err := network.ReadFrame(secret, nil, 1000); err == nil {
		t.Error("the former authority is still believed")
	}
}

func TestBadPapersAreToldAtOnce(t *testing.T) {
	p := newPapers(t)
	load := func() error {
		_, err := tcp.NewIdentity(p.certificate, p.key, p.authority, slog.New(slog.DiscardHandler))
		return err
	}
	if err := load(); err == nil {
		t.Error("files that are not there were read")
	}
	p.write(t, authority(t, "test"), 1)
	if err := load(); err != nil {
		t.Error(err)
	}
	os.WriteFile(p.authority, []byte("no certificate"), 0o600)
	if err := load(); err == nil {
		t.Error("an authority without a certificate was read")
	}
	p.write(t, authority(t, "test"), 1)
	other := newPapers(t)
	other.write(t, authority(t, "test"), 1)
	p.key = other.key
	if err := load(); err == nil {
		t.Error("a key of another certificate was read")
	}
}
