using HipaaFs.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(CephCluster))]
[assembly: AssemblyFixture(typeof(AzuriteServer))]
