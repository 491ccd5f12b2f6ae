package tcp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"

	"quorumlab/protocols"
)

// Identity is who a node is to its peers: a certificate with its key, and the
// authority that vouches for all of them. Each end shows its certificate, which has
// to be of that authority and bear the node's PeerName.
//
// The files are read again when they have changed, at the next handshake: a
// certificate is renewed by replacing its files, and connections that stand go on.
// Files that cannot be used change nothing but the log.
type Identity struct {
	certificateFile, keyFile, authorityFile string
	log                                     *slog.Logger

	mu          sync.Mutex
	stamp       [3]stamp
	certificate *tls.Certificate
	authority   *x509.CertPool
}

// stamp tells one content of a file from another.
type stamp struct {
	size     int64
	modified time.Time
}

// NewIdentity reads the files, which are in PEM.
func NewIdentity(certificateFile, keyFile, authorityFile string, log *slog.Logger) (*Identity, error) {
	i := &Identity{certificateFile: certificateFile, keyFile: keyFile, authorityFile: authorityFile, log: log}
	stamps, err := i.stamps()
	if err != nil {
		return nil, err
	}
	if err := i.load(); err != nil {
		return nil, err
	}
	i.stamp = stamps
	return i, nil
}

func (i *Identity) stamps() (stamps [3]stamp, err error) {
	for at, name := range []string{i.certificateFile, i.keyFile, i.authorityFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamps, fileError(name, err)
		}
		stamps[at] = stamp{info.Size(), info.ModTime()}
	}
	return stamps, nil
}

func (i *Identity) load() error {
	certificate, err := tls.LoadX509KeyPair(i.certificateFile, i.keyFile)
	if err != nil {
		return fmt.Errorf("certificate %s with key %s: %w", i.certificateFile, i.keyFile, err)
	}
	text, err := os.ReadFile(i.authorityFile)
	if err != nil {
		return fileError(i.authorityFile, err)
	}
	authority := x509.NewCertPool()
	if !authority.AppendCertsFromPEM(text) {
		return fmt.Errorf("%s: holds no certificate in PEM", i.authorityFile)
	}
	i.certificate, i.authority = &certificate, authority
	return nil
}

// current returns what the files hold, or held when they could last be used.
func (i *Identity) current() (*tls.Certificate, *x509.CertPool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	stamps, err := i.stamps()
	if err == nil && stamps != i.stamp {
		if err = i.load(); err == nil {
			i.log.Info("the certificate was read again", "file", i.certificateFile)
		}
		i.stamp = stamps // bad files are not tried again until they change
	}
	if err != nil {
		i.log.Error("the certificate cannot be read again; the former one is used", "error", err)
	}
	return i.certificate, i.authority
}

// client returns the configuration for a connection to a peer.
func (i *Identity) client(id protocols.NodeID, cluster string) *tls.Config {
	certificate, authority := i.current()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ServerName: PeerName(id, cluster),
		RootCAs: authority, Certificates: []tls.Certificate{*certificate},
	}
}

// server returns that for a connection of a peer, whose name is judged when it has
// said which one it is.
func (i *Identity) server() *tls.Config {
	certificate, authority := i.current()
	return &tls.Config{
		MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert,
		ClientCAs: authority, Certificates: []tls.Certificate{*certificate},
	}
}

// fileError is an error that begins with the file's name, once.
func fileError(name string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("%s: %w", name, err)
}
