"""What a device says and how it is told apart: NMEA, epochs, the MQTT contract, the simulator."""
