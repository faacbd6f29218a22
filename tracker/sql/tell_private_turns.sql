SELECT tell_private_turns()
