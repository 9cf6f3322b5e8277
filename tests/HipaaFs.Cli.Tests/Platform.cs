// The command line's tests mount, lock and set modes as Linux does.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
