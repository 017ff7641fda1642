package console

// Routes lists every route as "METHOD /path", with who may use it.
func (s *Server) Routes() map[string]string {
	list := map[string]string{}
	for _, r := range s.routes {
		list[r.pattern] = string(r.who)
	}
	return list
}
