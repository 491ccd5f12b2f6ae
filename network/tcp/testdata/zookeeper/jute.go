//go:build zookeeper

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// session is a client's session with ZooKeeper, in its own protocol: frames of a
// length and jute records. It can create znodes and set their data, one request
// at a time.
type session struct {
	conn net.Conn
	xid  int32
}

// Operations and errors of the protocol.
const (
	opCreate   = 1
	opSetData  = 5
	nodeExists = -110
)

// connect opens a session.
func connect(address string) (*session, error) {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn}
	// Protocol version, last zxid seen, time-out (ms), session, password.
	request := binary.BigEndian.AppendUint32(nil, 0)
	request = binary.BigEndian.AppendUint64(request, 0)
	request = binary.BigEndian.AppendUint32(request, 30000)
	request = binary.BigEndian.AppendUint64(request, 0)
	request = appendBytes(request, make([]byte, 16))
	answer, err := s.exchange(request)
	if err == nil && len(answer) < 16 {
		err = errors.New("the answer to the connection is too short")
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *session) exchange(request []byte) ([]byte, error) {
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, len(request)+4), uint32(len(request)))
	if err := s.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := s.conn.Write(append(frame, request...)); err != nil {
		return nil, err
	}
	var length [4]byte
	if _, err := io.ReadFull(s.conn, length[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(s.conn, answer)
	return answer, err
}

// call sends a request with its header and returns the error code of the answer.
func (s *session) call(op int32, body []byte) (code int32, err error) {
	s.xid++
	request := binary.BigEndian.AppendUint32(nil, uint32(s.xid))
	request = binary.BigEndian.AppendUint32(request, uint32(op))
	answer, err := s.exchange(append(request, body...))
	if err != nil {
		return 0, err
	}
	if len(answer) < 16 || int32(binary.BigEndian.Uint32(answer)) != s.xid {
		return 0, errors.New("an answer to another request")
	}
	return int32(binary.BigEndian.Uint32(answer[12:])), nil
}

// create makes a znode that anybody may do anything with, unless it is there.
func (s *session) create(path string) error {
	body := appendBytes(nil, []byte(path))
	body = appendBytes(body, nil)
	body = binary.BigEndian.AppendUint32(body, 1)  // access rules
	body = binary.BigEndian.AppendUint32(body, 31) // all
	body = appendBytes(body, []byte("world"))
	body = appendBytes(body, []byte("anyone"))
	body = binary.BigEndian.AppendUint32(body, 0) // persistent
	code, err := s.call(opCreate, body)
	if err == nil && code != 0 && code != nodeExists {
		err = fmt.Errorf("create %s: error %d", path, code)
	}
	return err
}

// set replaces a znode's data, whatever its version.
func (s *session) set(path string, data []byte) error {
	body := appendBytes(nil, []byte(path))
	body = appendBytes(body, data)
	body = binary.BigEndian.AppendUint32(body, 0xffffffff)
	code, err := s.call(opSetData, body)
	if err == nil && code != 0 {
		err = fmt.Errorf("set %s: error %d", path, code)
	}
	return err
}

func appendBytes(dst, b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(b))), b...)
}
